#define _GNU_SOURCE
#include "CMartinetAddressing.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
  struct nlmsghdr header;
  union {
    struct ifaddrmsg address;
    struct rtmsg route;
  } body;
  char attributes[96];
};

static int address_size(struct martinet_address address) { return address.family == 4 ? 4 : 16; }
static unsigned char kernel_family(struct martinet_address address) {
  return address.family == 4 ? AF_INET : AF_INET6;
}

static void put_octets(unsigned char *target, struct martinet_address address) {
  int size = address_size(address);
  for (int index = 0; index < size; index++) {
    int place = size - 1 - index;
    uint64_t half = place >= 8 ? address.high : address.low;
    target[index] = (unsigned char)(half >> (8 * (place & 7)));
  }
}

static struct martinet_address take_octets(const unsigned char *octets, int size) {
  struct martinet_address address = {0, 0, size == 4 ? 4 : 6};
  for (int index = 0; index < size; index++) {
    address.high = address.high << 8 | address.low >> 56;
    address.low = address.low << 8 | octets[index];
  }
  return address;
}

static void begin(struct request *request, int type, int flags, size_t body) {
  memset(request, 0, sizeof *request);
  request->header.nlmsg_type = (unsigned short)type;
  request->header.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
  request->header.nlmsg_len = (unsigned)NLMSG_LENGTH(body);
}

static void append(struct request *request, int type, const void *value, int size) {
  struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
  attribute->rta_type = (unsigned short)type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(size);
  memcpy(RTA_DATA(attribute), value, (size_t)size);
  request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static void append_address(struct request *request, int type, struct martinet_address address) {
  unsigned char octets[16];
  put_octets(octets, address);
  append(request, type, octets, address_size(address));
}

// Sends a request and reads the first answer; returns its length, or the error that it reports.
static int exchange(struct request *request, void *answer, size_t capacity) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return -errno;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t count = sendto(descriptor, request, request->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel);
  if (count >= 0) count = recv(descriptor, answer, capacity, 0);
  int error = errno;
  close(descriptor);
  if (count < 0) return -error;
  const struct nlmsghdr *header = answer;
  if (!NLMSG_OK(header, (unsigned)count)) return -EPROTO;
  if (header->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
  return (int)count;
}

static int command(struct request *request) {
  char answer[1024] __attribute__((aligned(8)));
  int result = exchange(request, answer, sizeof answer);
  return result < 0 ? result : 0;
}

static int change_address(int type, int flags, int index, struct martinet_address address, uint8_t prefix_length) {
  struct request request;
  begin(&request, type, NLM_F_ACK | flags, sizeof(struct ifaddrmsg));
  request.body.address.ifa_family = kernel_family(address);
  request.body.address.ifa_prefixlen = prefix_length;
  request.body.address.ifa_index = (unsigned)index;
  if (address.family == 6 && type == RTM_NEWADDR) request.body.address.ifa_flags = IFA_F_NODAD;
  append_address(&request, IFA_LOCAL, address);
  append_address(&request, IFA_ADDRESS, address);
  return command(&request);
}

int martinet_address_add(int index, struct martinet_address address, uint8_t prefix_length) {
  return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address, prefix_length);
}

int martinet_address_remove(int index, struct martinet_address address, uint8_t prefix_length) {
  return change_address(RTM_DELADDR, 0, index, address, prefix_length);
}

static uint8_t ones(const unsigned char *mask, int size) {
  int count = 0;
  for (int index = 0; index < size; index++) count += __builtin_popcount(mask[index]);
  return (uint8_t)count;
}

int martinet_address_list(int index, struct martinet_address *found, uint8_t *prefix_lengths, int capacity) {
  struct ifaddrs *list;
  int count = 0;
  if (getifaddrs(&list) < 0) return -errno;
  for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
    if (entry->ifa_addr == NULL || entry->ifa_netmask == NULL) continue;
    if (index != 0 && (int)if_nametoindex(entry->ifa_name) != index) continue;
    const unsigned char *octets, *mask;
    int size;
    if (entry->ifa_addr->sa_family == AF_INET) {
      octets = (const unsigned char *)&((const struct sockaddr_in *)entry->ifa_addr)->sin_addr;
      mask = (const unsigned char *)&((const struct sockaddr_in *)entry->ifa_netmask)->sin_addr;
      size = 4;
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      octets = (const unsigned char *)&((const struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr;
      mask = (const unsigned char *)&((const struct sockaddr_in6 *)entry->ifa_netmask)->sin6_addr;
      size = 16;
    } else {
      continue;
    }
    if (count < capacity) {
      found[count] = take_octets(octets, size);
      prefix_lengths[count] = ones(mask, size);
    }
    count++;
  }
  freeifaddrs(list);
  return count;
}

static int change_route(int type, int flags, int index, struct martinet_address destination, uint8_t prefix_length) {
  struct request request;
  begin(&request, type, NLM_F_ACK | flags, sizeof(struct rtmsg));
  request.body.route.rtm_family = kernel_family(destination);
  request.body.route.rtm_dst_len = prefix_length;
  request.body.route.rtm_table = RT_TABLE_MAIN;
  request.body.route.rtm_protocol = RTPROT_STATIC;
  request.body.route.rtm_scope = destination.family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  request.body.route.rtm_type = RTN_UNICAST;
  append_address(&request, RTA_DST, destination);
  append(&request, RTA_OIF, &index, sizeof index);
  return command(&request);
}

int martinet_route_add(int index, struct martinet_address destination, uint8_t prefix_length) {
  return change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, index, destination, prefix_length);
}

int martinet_route_remove(int index, struct martinet_address destination, uint8_t prefix_length) {
  return change_route(RTM_DELROUTE, 0, index, destination, prefix_length);
}

int martinet_route_device(struct martinet_address destination) {
  char answer[4096] __attribute__((aligned(8)));
  struct request request;
  begin(&request, RTM_GETROUTE, 0, sizeof(struct rtmsg));
  request.body.route.rtm_family = kernel_family(destination);
  request.body.route.rtm_dst_len = (unsigned char)(8 * address_size(destination));
  append_address(&request, RTA_DST, destination);
  int count = exchange(&request, answer, sizeof answer);
  if (count < 0) return count;
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
  if (header->nlmsg_type != RTM_NEWROUTE) return -EPROTO;
  int left = (int)RTM_PAYLOAD(header);
  const struct rtattr *attribute = RTM_RTA((struct rtmsg *)NLMSG_DATA(header));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == RTA_OIF) return *(const int *)RTA_DATA(attribute);
  }
  return -ENETUNREACH;
}
