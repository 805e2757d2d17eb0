// RE2 with a C face: regular expressions in linear time, so that no pattern can hang a program.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A compiled pattern. Never changes: any number of threads may match with it.
typedef struct cre2_pattern cre2_pattern;

// Compiles a pattern of UTF-8. `memory` bounds what its automata may take, in bytes.
// On failure returns NULL and writes RE2's words to `problem`, NUL at the end, cut to `capacity`.
cre2_pattern *cre2_compile(const uint8_t *pattern, size_t length, bool ignores_case, int64_t memory,
                           char *problem, size_t capacity);

void cre2_free(cre2_pattern *pattern);

// Whether the pattern matches somewhere in the text.
bool cre2_matches(const cre2_pattern *pattern, const uint8_t *text, size_t length);

// The number of groups in the pattern, the whole match not counted.
int cre2_groups(const cre2_pattern *pattern);

// The name of group `index` (from 1), NUL at the end; NULL: it has none. Lives as long as the pattern.
const char *cre2_group_name(const cre2_pattern *pattern, int index);

// Matches somewhere in the text, and writes where each group lies: `ranges` takes 2 * (groups + 1) offsets, start and
// end of the whole match first; -1 for a group that is not part of the match. Returns false, and writes nothing, when
// it does not match.
bool cre2_captures(const cre2_pattern *pattern, const uint8_t *text, size_t length, int groups, int64_t *ranges);

#ifdef __cplusplus
}
#endif
