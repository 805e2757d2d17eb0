// A C face on toml++: a TOML text becomes a flat list of values, each with its path, kind, line and column, so that
// every error about a configuration can name the place.
#pragma once
#include <stddef.h>
#include <stdint.h>
