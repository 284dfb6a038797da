// UDP sockets that carry packets, many per call.
#ifndef C_MARTINET_DATAGRAM_H
#define C_MARTINET_DATAGRAM_H

#include <stdint.h>
#include <sys/uio.h>

#include "CMartinetAddressing.h"

/// The most datagrams of one call.
#define MARTINET_DATAGRAM_BATCH 64

/// An address and a port outside of the tunnel.
struct martinet_endpoint {
  struct martinet_address address;
  /// The device that a link-local IPv6 address belongs to; 0 for others.
  uint32_t scope;
  uint16_t port;
};

/// One datagram: its pieces, who sent it or gets it, and how many octets came. `segment` is 0, or the octets of each of several datagrams that the
/// kernel has put together, of which the last may be shorter.
struct martinet_datagram {
  struct iovec *pieces;
  int piece_count;
  struct martinet_endpoint remote;
  uint32_t received;
  uint32_t segment;
};

/// A non-blocking UDP socket with large buffers that asks for ICMP errors, and for datagrams of one size from one sender together, where the kernel
/// does that (UDP_GRO).
int martinet_datagram_open(int family);
int martinet_datagram_bind(int descriptor, const struct martinet_endpoint *local);
int martinet_datagram_connect(int descriptor, const struct martinet_endpoint *remote);
int martinet_datagram_local(int descriptor, struct martinet_endpoint *local);

/// Receives up to `count` datagrams; returns how many came. -EAGAIN: none is waiting. A datagram that did not fit has `received` larger than its room.
int martinet_datagram_receive(int descriptor, struct martinet_datagram *batch, int count);
/// Sends `count` datagrams, to their remotes or (`connected`) to the socket's peer; returns how many left. -EAGAIN: the socket is full.
/// `segmentation` says whether datagrams of one size for one peer go to the kernel as one that it cuts; it is cleared if the kernel does not.
int martinet_datagram_send(int descriptor, struct martinet_datagram *batch, int count, int connected, int *segmentation);

/// Takes one ICMP error from the socket: its cause (an error number) and whom it is about. Returns 1, or 0 if there is none.
int martinet_datagram_take_error(int descriptor, int *cause, struct martinet_endpoint *about);

/// The first addresses of a host name (`family` 4, 6 or 0 for either); returns how many, or -1000 minus the resolver's error number.
int martinet_resolve(const char *name, int family, struct martinet_endpoint *found, int capacity);
/// What the resolver's error number means.
const char *martinet_resolve_error(int result);

#endif
