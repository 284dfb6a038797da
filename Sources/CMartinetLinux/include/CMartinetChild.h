// Programs that live no longer than ours, and a network of our own for them.
#ifndef C_MARTINET_CHILD_H
#define C_MARTINET_CHILD_H

/// Moves the calling thread, and the threads and programs that it starts later, into a new network namespace; without the privilege for that, first into a
/// new user namespace in which it has it. Then the process must have no other thread. -EPERM, -ENOSPC, -EINVAL.
int martinet_enter_own_network(void);

/// Moves the calling thread into the network namespace that file `path` stands for. -ENOENT, -ENOTDIR: there is none; -EINVAL: it is no such namespace; -EPERM, -EACCES.
int martinet_enter_network(const char *path);

/// Starts program `arguments[0]` with `input`, at most 4096 octets, to read from its standard input, its standard output discarded, no signal blocked. The
/// kernel kills it when the calling thread ends, however that comes. Returns its process number.
int martinet_child_start(char *const arguments[], const char *input);
/// Kills the child, stopped or not, and takes note of its end.
void martinet_child_kill(int child);
/// 1 if the child has ended, with its wait status in `status`; it is then forgotten.
int martinet_child_has_ended(int child, int *status);

#endif
