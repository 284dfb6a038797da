// What Linux offers and Swift cannot import by itself. Unless it says something else, a function returns a value of at
// least 0, or an error number with a minus sign.
#ifndef C_MARTINET_LINUX_H
#define C_MARTINET_LINUX_H

#include "CMartinetAddressing.h"
#include "CMartinetChild.h"
#include "CMartinetDatagram.h"
#include "CMartinetDevice.h"
#include "CMartinetFiles.h"
#include "CMartinetFutex.h"
#include "CMartinetMemory.h"
#include "CMartinetWaiting.h"

#endif
