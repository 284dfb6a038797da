// Files that are read whole.
#ifndef C_MARTINET_FILES_H
#define C_MARTINET_FILES_H

#include <stddef.h>

/// Reads file `path` from its beginning into `target`, at most `capacity` octets; returns how many. -ENOENT: there is none.
int martinet_file_read(const char *path, void *target, size_t capacity);

#endif
