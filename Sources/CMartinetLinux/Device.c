#define _GNU_SOURCE
#include "CMartinetDevice.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_name(struct ifreq *request, const char *name) {
  memset(request, 0, sizeof *request);
  strncpy(request->ifr_name, name, IFNAMSIZ - 1);
}

int martinet_device_open(const char *name, int ethernet) {
  struct ifreq request;
  int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  put_name(&request, name);
  request.ifr_flags = (short)((ethernet ? IFF_TAP : IFF_TUN) | IFF_NO_PI);
  if (ioctl(descriptor, TUNSETIFF, &request) < 0) {
    int error = errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

int martinet_device_index(const char *name) {
  unsigned index = if_nametoindex(name);
  return index == 0 ? -errno : (int)index;
}

static int ask(unsigned long code, struct ifreq *request) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // A machine may lack IPv4; any socket will do for these requests.
  if (descriptor < 0) descriptor = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  int result = ioctl(descriptor, code, request) < 0 ? -errno : 0;
  close(descriptor);
  return result;
}

int martinet_device_is_up(const char *name) {
  struct ifreq request;
  put_name(&request, name);
  int result = ask(SIOCGIFFLAGS, &request);
  return result < 0 ? result : (request.ifr_flags & IFF_UP) != 0;
}

int martinet_device_set_up(const char *name) {
  struct ifreq request;
  put_name(&request, name);
  int result = ask(SIOCGIFFLAGS, &request);
  if (result < 0) return result;
  request.ifr_flags |= IFF_UP;
  return ask(SIOCSIFFLAGS, &request);
}

int martinet_device_mtu(const char *name) {
  struct ifreq request;
  put_name(&request, name);
  int result = ask(SIOCGIFMTU, &request);
  return result < 0 ? result : request.ifr_mtu;
}

int martinet_device_set_mtu(const char *name, int mtu) {
  struct ifreq request;
  put_name(&request, name);
  request.ifr_mtu = mtu;
  return ask(SIOCSIFMTU, &request);
}
