#include "CMartinetFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int martinet_file_read(const char *path, void *target, size_t capacity) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  char *next = target;
  size_t left = capacity;
  int failure = 0;
  while (left > 0) {
    ssize_t got = read(descriptor, next, left);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      failure = errno;
      break;
    }
    next += got;
    left -= (size_t)got;
  }
  close(descriptor);
  return failure != 0 ? -failure : (int)(capacity - left);
}
