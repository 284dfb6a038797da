#ifndef C_MARTINET_LINUX_H
#define C_MARTINET_LINUX_H

#include "CMartinetFutex.h"

#endif
