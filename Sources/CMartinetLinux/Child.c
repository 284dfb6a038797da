#define _GNU_SOURCE
#include "CMartinetChild.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_file(const char *path, const char *text) {
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  ssize_t length = (ssize_t)strlen(text);
  int result = write(descriptor, text, (size_t)length) == length ? 0 : -errno;
  close(descriptor);
  return result;
}

int martinet_enter_own_network(void) {
  if (unshare(CLONE_NEWNET) == 0) return 0;
  if (errno != EPERM) return -errno;
  unsigned user = geteuid(), group = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return -errno;
  char map[64];
  int result = write_file("/proc/self/setgroups", "deny");
  if (result < 0) return result;
  snprintf(map, sizeof map, "0 %u 1", user);
  result = write_file("/proc/self/uid_map", map);
  if (result < 0) return result;
  snprintf(map, sizeof map, "0 %u 1", group);
  return write_file("/proc/self/gid_map", map);
}

int martinet_enter_network(const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  int result = setns(descriptor, CLONE_NEWNET) < 0 ? -errno : 0;
  close(descriptor);
  return result;
}

// In the child; does only what is safe in the copy of a process with threads.
static void become(char *const arguments[], int input, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  signal(SIGPIPE, SIG_DFL);
  int nothing = open("/dev/null", O_WRONLY);
  if (nothing < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0) _exit(127);
  execv(arguments[0], arguments);
  _exit(127);
}

int martinet_child_start(char *const arguments[], const char *input) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  ssize_t length = (ssize_t)strlen(input);
  // A pipe takes so much without anybody reading.
  int child = length > 4096 ? -E2BIG : write(ends[1], input, (size_t)length) == length ? 0 : -errno;
  close(ends[1]);
  if (child == 0) {
    pid_t parent = getpid();
    child = fork();
    if (child < 0) child = -errno;
    if (child == 0) become(arguments, ends[0], parent);
  }
  close(ends[0]);
  return child;
}

void martinet_child_kill(int child) {
  int status;
  kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
}

int martinet_child_has_ended(int child, int *status) { return waitpid(child, status, WNOHANG) == child; }
