#define _GNU_SOURCE
#include "CMartinetDatagram.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static uint64_t take_half(const unsigned char *octets) {
  uint64_t half = 0;
  for (int index = 0; index < 8; index++) half = half << 8 | octets[index];
  return half;
}

static void put_half(unsigned char *octets, uint64_t half) {
  for (int index = 0; index < 8; index++) octets[index] = (unsigned char)(half >> (8 * (7 - index)));
}

static socklen_t put_endpoint(struct sockaddr_storage *storage, const struct martinet_endpoint *endpoint) {
  memset(storage, 0, sizeof *storage);
  if (endpoint->address.family == 4) {
    struct sockaddr_in *target = (struct sockaddr_in *)storage;
    target->sin_family = AF_INET;
    target->sin_port = htons(endpoint->port);
    target->sin_addr.s_addr = htonl((uint32_t)endpoint->address.low);
    return sizeof *target;
  }
  struct sockaddr_in6 *target = (struct sockaddr_in6 *)storage;
  target->sin6_family = AF_INET6;
  target->sin6_port = htons(endpoint->port);
  target->sin6_scope_id = endpoint->scope;
  put_half(target->sin6_addr.s6_addr, endpoint->address.high);
  put_half(target->sin6_addr.s6_addr + 8, endpoint->address.low);
  return sizeof *target;
}

static void take_endpoint(struct martinet_endpoint *endpoint, const struct sockaddr_storage *storage) {
  memset(endpoint, 0, sizeof *endpoint);
  if (storage->ss_family == AF_INET) {
    const struct sockaddr_in *source = (const struct sockaddr_in *)storage;
    endpoint->address.family = 4;
    endpoint->address.low = ntohl(source->sin_addr.s_addr);
    endpoint->port = ntohs(source->sin_port);
  } else if (storage->ss_family == AF_INET6) {
    const struct sockaddr_in6 *source = (const struct sockaddr_in6 *)storage;
    endpoint->address.family = 6;
    endpoint->address.high = take_half(source->sin6_addr.s6_addr);
    endpoint->address.low = take_half(source->sin6_addr.s6_addr + 8);
    endpoint->scope = source->sin6_scope_id;
    endpoint->port = ntohs(source->sin6_port);
  }
}

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

int martinet_datagram_open(int family) {
  int descriptor = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  int on = 1, buffer = 4 << 20;
  // The kernel caps both at its own limit, which is why the answers do not matter.
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  // A kernel that puts nothing together brings each datagram by itself.
  setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
  if (family == 4) {
    setsockopt(descriptor, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  } else {
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  }
  return descriptor;
}

int martinet_datagram_bind(int descriptor, const struct martinet_endpoint *local) {
  struct sockaddr_storage storage;
  socklen_t size = put_endpoint(&storage, local);
  return bind(descriptor, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

int martinet_datagram_connect(int descriptor, const struct martinet_endpoint *remote) {
  struct sockaddr_storage storage;
  socklen_t size = put_endpoint(&storage, remote);
  return connect(descriptor, (struct sockaddr *)&storage, size) < 0 ? -errno : 0;
}

int martinet_datagram_local(int descriptor, struct martinet_endpoint *local) {
  struct sockaddr_storage storage;
  socklen_t size = sizeof storage;
  if (getsockname(descriptor, (struct sockaddr *)&storage, &size) < 0) return -errno;
  take_endpoint(local, &storage);
  return 0;
}

static int bounded(int count) { return count > MARTINET_DATAGRAM_BATCH ? MARTINET_DATAGRAM_BATCH : count; }

static uint32_t segment_of(struct msghdr *header) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_UDP || part->cmsg_type != UDP_GRO) continue;
    int size = 0;
    memcpy(&size, CMSG_DATA(part), sizeof size);
    return size > 0 ? (uint32_t)size : 0;
  }
  return 0;
}

int martinet_datagram_receive(int descriptor, struct martinet_datagram *batch, int count) {
  struct mmsghdr messages[MARTINET_DATAGRAM_BATCH];
  struct sockaddr_storage names[MARTINET_DATAGRAM_BATCH];
  union {
    char octets[CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
  } controls[MARTINET_DATAGRAM_BATCH];
  count = bounded(count);
  memset(messages, 0, sizeof messages[0] * (size_t)count);
  for (int index = 0; index < count; index++) {
    messages[index].msg_hdr.msg_name = &names[index];
    messages[index].msg_hdr.msg_namelen = sizeof names[index];
    messages[index].msg_hdr.msg_iov = batch[index].pieces;
    messages[index].msg_hdr.msg_iovlen = (size_t)batch[index].piece_count;
    messages[index].msg_hdr.msg_control = controls[index].octets;
    messages[index].msg_hdr.msg_controllen = sizeof controls[index].octets;
  }
  int received = recvmmsg(descriptor, messages, (unsigned)count, MSG_DONTWAIT | MSG_TRUNC, NULL);
  if (received < 0) return -errno;
  for (int index = 0; index < received; index++) {
    take_endpoint(&batch[index].remote, &names[index]);
    batch[index].received = messages[index].msg_len;
    batch[index].segment = segment_of(&messages[index].msg_hdr);
  }
  return received;
}

// What the kernel takes as one message: less than a UDP datagram's largest payload, in at most UIO_MAXIOV pieces.
#define TRAIN_OCTETS 65000
#define TRAIN_PIECES 1024

/// Room for the messages of one call.
struct departures {
  struct mmsghdr messages[MARTINET_DATAGRAM_BATCH];
  struct sockaddr_storage names[MARTINET_DATAGRAM_BATCH];
  /// The datagrams of each message.
  int counts[MARTINET_DATAGRAM_BATCH];
  union {
    char octets[CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr alignment;
  } controls[MARTINET_DATAGRAM_BATCH];
  struct iovec pieces[TRAIN_PIECES];
  int piece_count;
};

static size_t octets_of(const struct martinet_datagram *datagram) {
  size_t octets = 0;
  for (int index = 0; index < datagram->piece_count; index++) octets += datagram->pieces[index].iov_len;
  return octets;
}

static int have_same_remote(const struct martinet_datagram *one, const struct martinet_datagram *other) {
  const struct martinet_endpoint *a = &one->remote, *b = &other->remote;
  return a->port == b->port && a->scope == b->scope && a->address.family == b->address.family &&
         a->address.high == b->address.high && a->address.low == b->address.low;
}

/// How many datagrams from the beginning of `batch` are one train: all of one size but the last, which may be shorter.
static int train_length(const struct martinet_datagram *batch, int count, int room, size_t *size) {
  *size = octets_of(&batch[0]);
  size_t total = *size;
  int pieces = batch[0].piece_count, length = 1;
  while (length < count && have_same_remote(&batch[0], &batch[length])) {
    size_t next = octets_of(&batch[length]);
    pieces += batch[length].piece_count;
    total += next;
    if (next == 0 || next > *size || total > TRAIN_OCTETS || pieces > room) break;
    length++;
    if (next < *size) break;
  }
  return length;
}

static void put_train(struct departures *all, int place, const struct martinet_datagram *batch, size_t size) {
  struct msghdr *header = &all->messages[place].msg_hdr;
  header->msg_iov = &all->pieces[all->piece_count];
  for (int index = 0; index < all->counts[place]; index++) {
    memcpy(&all->pieces[all->piece_count], batch[index].pieces, sizeof(struct iovec) * (size_t)batch[index].piece_count);
    all->piece_count += batch[index].piece_count;
    header->msg_iovlen += (size_t)batch[index].piece_count;
  }
  header->msg_control = all->controls[place].octets;
  header->msg_controllen = sizeof all->controls[place].octets;
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  control->cmsg_level = SOL_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  uint16_t segment = (uint16_t)size;
  memcpy(CMSG_DATA(control), &segment, sizeof segment);
}

int martinet_datagram_send(int descriptor, struct martinet_datagram *batch, int count, int connected, int *segmentation) {
  struct departures all;
  int messages = 0, taken = 0;
  count = bounded(count);
  all.piece_count = 0;
  memset(all.messages, 0, sizeof all.messages[0] * (size_t)count);
  while (taken < count) {
    struct martinet_datagram *first = &batch[taken];
    struct msghdr *header = &all.messages[messages].msg_hdr;
    size_t size = 0;
    all.counts[messages] = *segmentation ? train_length(first, count - taken, TRAIN_PIECES - all.piece_count, &size) : 1;
    if (!connected) {
      header->msg_name = &all.names[messages];
      header->msg_namelen = put_endpoint(&all.names[messages], &first->remote);
    }
    if (all.counts[messages] > 1) {
      put_train(&all, messages, first, size);
    } else {
      header->msg_iov = first->pieces;
      header->msg_iovlen = (size_t)first->piece_count;
    }
    taken += all.counts[messages++];
  }
  int sent = sendmmsg(descriptor, all.messages, (unsigned)messages, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) {
    int is_refused = errno == EINVAL || errno == EIO || errno == EMSGSIZE || errno == ENOPROTOOPT || errno == EOPNOTSUPP;
    if (all.counts[0] == 1 || !is_refused) return -errno;
    // This kernel, or the device below, does not cut datagrams; or they are larger than the path takes, which fragments single ones.
    *segmentation = 0;
    return martinet_datagram_send(descriptor, batch, count, connected, segmentation);
  }
  int left = 0;
  for (int index = 0; index < sent; index++) left += all.counts[index];
  return left;
}

int martinet_datagram_take_error(int descriptor, int *cause, struct martinet_endpoint *about) {
  struct sockaddr_storage name;
  char control[512] __attribute__((aligned(8)));
  struct msghdr message;
  memset(&message, 0, sizeof message);
  memset(&name, 0, sizeof name);
  message.msg_name = &name;
  message.msg_namelen = sizeof name;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(descriptor, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
  take_endpoint(about, &name);
  *cause = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
    int is_error = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                   (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
    if (is_error) *cause = (int)((const struct sock_extended_err *)CMSG_DATA(part))->ee_errno;
  }
  return 1;
}

int martinet_resolve(const char *name, int family, struct martinet_endpoint *found, int capacity) {
  struct addrinfo hints, *list;
  memset(&hints, 0, sizeof hints);
  hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  int error = getaddrinfo(name, NULL, &hints, &list);
  if (error != 0) return -1000 + (error < 0 ? error : -error);
  int count = 0;
  for (const struct addrinfo *entry = list; entry != NULL && count < capacity; entry = entry->ai_next) {
    struct sockaddr_storage storage;
    if (entry->ai_addrlen > sizeof storage) continue;
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, entry->ai_addr, entry->ai_addrlen);
    take_endpoint(&found[count++], &storage);
  }
  freeaddrinfo(list);
  return count;
}

const char *martinet_resolve_error(int result) { return gai_strerror(result + 1000); }
