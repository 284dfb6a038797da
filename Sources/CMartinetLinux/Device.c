#define _GNU_SOURCE
#include "CMartinetDevice.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_name(struct ifreq *request, const char *name) {
  memset(request, 0, sizeof *request);
  strncpy(request->ifr_name, name, IFNAMSIZ - 1);
}

// Since Linux 6.2.
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

_Static_assert(sizeof(struct martinet_vnet_header) == MARTINET_VNET_HEADER &&
                   sizeof(struct virtio_net_hdr) == MARTINET_VNET_HEADER,
               "the vnet header is the kernel's");
_Static_assert(MARTINET_CHECKSUM_MISSING == VIRTIO_NET_HDR_F_NEEDS_CSUM &&
                   MARTINET_CHECKSUM_VERIFIED == VIRTIO_NET_HDR_F_DATA_VALID &&
                   MARTINET_SEGMENTATION_TCP4 == VIRTIO_NET_HDR_GSO_TCPV4 &&
                   MARTINET_SEGMENTATION_TCP6 == VIRTIO_NET_HDR_GSO_TCPV6 &&
                   MARTINET_SEGMENTATION_UDP == VIRTIO_NET_HDR_GSO_UDP_L4 &&
                   MARTINET_SEGMENTATION_CWR == VIRTIO_NET_HDR_GSO_ECN,
               "the values are the kernel's");

static int has_vnet_header(int descriptor) {
  unsigned features = 0;
  return ioctl(descriptor, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR) != 0;
}

static int set_offload(int descriptor) {
  int size = MARTINET_VNET_HEADER;
  if (ioctl(descriptor, TUNSETVNETHDRSZ, &size) < 0) return 0;
  unsigned long of_tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  // An older kernel refuses what it does not know.
  if (ioctl(descriptor, TUNSETOFFLOAD, of_tcp | TUN_F_USO4 | TUN_F_USO6) == 0) return 1;
  return ioctl(descriptor, TUNSETOFFLOAD, of_tcp) == 0;
}

int martinet_device_open(const char *name, int ethernet, int several, int *offload) {
  struct ifreq request;
  int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  *offload = *offload && has_vnet_header(descriptor);
  put_name(&request, name);
  request.ifr_flags = (short)((ethernet ? IFF_TAP : IFF_TUN) | IFF_NO_PI | (*offload ? IFF_VNET_HDR : 0) |
                              (several ? IFF_MULTI_QUEUE : 0));
  if (ioctl(descriptor, TUNSETIFF, &request) < 0) {
    int error = errno;
    close(descriptor);
    return -error;
  }
  if (*offload && !set_offload(descriptor)) {
    close(descriptor);
    *offload = 0;
    return martinet_device_open(name, ethernet, several, offload);
  }
  // A device that was there keeps what its last program asked for.
  if (!*offload) martinet_device_end_offload(descriptor);
  return descriptor;
}

void martinet_device_end_offload(int descriptor) { ioctl(descriptor, TUNSETOFFLOAD, 0); }

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

static int device_has(const char *name, int flag) {
  struct ifreq request;
  put_name(&request, name);
  int result = ask(SIOCGIFFLAGS, &request);
  return result < 0 ? result : (request.ifr_flags & flag) != 0;
}

int martinet_device_is_up(const char *name) { return device_has(name, IFF_UP); }

int martinet_device_is_running(const char *name) { return device_has(name, IFF_RUNNING); }

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
