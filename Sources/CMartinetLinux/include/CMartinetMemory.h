#ifndef C_MARTINET_MEMORY_H
#define C_MARTINET_MEMORY_H

/// Gives memory that was freed back to the system, where the allocator can.
void martinet_trim_memory(void);

#endif
