// The kernel's addresses and routes (rtnetlink).
#ifndef C_MARTINET_ADDRESSING_H
#define C_MARTINET_ADDRESSING_H

#include <stdint.h>

/// An IP address as numbers, most significant octet first; an IPv4 address is in the last 32 bits of `low`.
struct martinet_address {
  uint64_t high;
  uint64_t low;
  /// 4 or 6.
  uint8_t family;
};

/// Gives device `index` an address; an IPv6 address is usable at once (no duplicate-address detection).
int martinet_address_add(int index, struct martinet_address address, uint8_t prefix_length);
int martinet_address_remove(int index, struct martinet_address address, uint8_t prefix_length);
/// Lists the addresses of device `index` (0: of all devices) into `found`; returns how many there are, of which at most `capacity` are stored.
int martinet_address_list(int index, struct martinet_address *found, uint8_t *prefix_lengths, int capacity);

/// Adds a route to a prefix that goes straight out of device `index`.
int martinet_route_add(int index, struct martinet_address destination, uint8_t prefix_length);
int martinet_route_remove(int index, struct martinet_address destination, uint8_t prefix_length);
/// The number of the device by which a packet to `destination` would leave.
int martinet_route_device(struct martinet_address destination);

#endif
