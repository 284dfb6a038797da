#include "CMartinetLinux.h"
