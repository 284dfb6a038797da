// TUN and TAP devices, and the switches of a network device.
#ifndef C_MARTINET_DEVICE_H
#define C_MARTINET_DEVICE_H

#include <stdint.h>

/// What stands before each packet of a device that was opened with a vnet header: which checksum is missing, and how a
/// packet larger than the MTU is to be cut (the legacy layout of virtio_net_hdr, without the buffer count).
struct martinet_vnet_header {
  uint8_t flags;
  uint8_t segmentation;
  uint16_t header_length;
  uint16_t segment_size;
  uint16_t checksum_start;
  uint16_t checksum_offset;
};

/// `flags` of a vnet header: the transport checksum is left out (its field holds the sum of the pseudo-header), or was verified.
#define MARTINET_CHECKSUM_MISSING 1
#define MARTINET_CHECKSUM_VERIFIED 2
/// `segmentation` of a vnet header: not to be cut, TCP over one of the families, or UDP over either (each piece a datagram); with a flag if CWR is set in
/// the first segment.
#define MARTINET_SEGMENTATION_NONE 0
#define MARTINET_SEGMENTATION_TCP4 1
#define MARTINET_SEGMENTATION_TCP6 4
#define MARTINET_SEGMENTATION_UDP 5
#define MARTINET_SEGMENTATION_CWR 0x80
/// The octets of a vnet header.
#define MARTINET_VNET_HEADER 10

/// Opens TUN (`ethernet` 0) or TAP device `name`, which is created if there is none and the process may; the descriptor is non-blocking.
/// `offload` says whether a vnet header is wanted before each packet, so that the kernel leaves out checksums and cuts neither TCP nor, from Linux 6.2 on, UDP; it is set to whether
/// the kernel agrees. `several` says whether the descriptor is one of several queues of the device: each call with the same name opens another. The kernel brings
/// the packets of a flow to the queue on which packets of it were written last, and after three seconds without any to the queue that its own hash of the flow says.
/// -ENOENT or -ENXIO: the machine has no /dev/net/tun; -EPERM, -EACCES; -EBUSY: another program uses it; -EINVAL: it is of another kind, or of the other kind of queues;
/// -E2BIG: the kernel has no more queues.
int martinet_device_open(const char *name, int ethernet, int several, int *offload);
/// Makes the kernel complete each checksum and cut all TCP and UDP from here on; the vnet header stays.
void martinet_device_end_offload(int descriptor);

/// The number of device `name`; -ENODEV if there is none.
int martinet_device_index(const char *name);
int martinet_device_is_up(const char *name);
int martinet_device_is_running(const char *name);
int martinet_device_set_up(const char *name);
int martinet_device_mtu(const char *name);
int martinet_device_set_mtu(const char *name, int mtu);

#endif
