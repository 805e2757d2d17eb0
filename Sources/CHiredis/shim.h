// hiredis 0.14: only its protocol half is used (redisReader, redisFormatCommandArgv); sockets are EventLoop's.
#pragma once
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
