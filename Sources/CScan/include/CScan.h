#ifndef CSCAN_H
#define CSCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// What Swift has no names for: vector instructions that give a bit for each byte.

enum { CSCAN_WIDTH = 64 };

// Which of CSCAN_WIDTH places have the byte `first` at `left` and `second` at `right`, bit n for the place n.
//
// Bit 0x20 is set in what is read before it is compared, so that both cases of a letter are met; it must be set in
// `first` and `second`. Reads CSCAN_WIDTH bytes from both.
static inline uint64_t cscan_pairs_portable(const void *left, const void *right, uint8_t first, uint8_t second) {
    const uint64_t ones = 0x0101010101010101, cases = 0x2020202020202020, lows = 0x7F7F7F7F7F7F7F7F;
    uint64_t places = 0;
    for (int part = 0; part < CSCAN_WIDTH / 8; part++) {
        uint64_t lefts, rights;
        memcpy(&lefts, (const char *)left + 8 * part, 8);
        memcpy(&rights, (const char *)right + 8 * part, 8);
        uint64_t differences = ((lefts | cases) ^ first * ones) | ((rights | cases) ^ second * ones);
        // The high bit of each byte that is zero, without carries between bytes; then one bit a byte.
        uint64_t zeros = ~(((differences & lows) + lows) | differences | lows);
        places |= ((zeros >> 7) * 0x0102040810204080 >> 56) << (8 * part);
    }
    return places;
}

static inline uint64_t cscan_pairs(const void *left, const void *right, uint8_t first, uint8_t second) {
#if defined(__SSE2__)
    const __m128i firsts = _mm_set1_epi8((char)first), seconds = _mm_set1_epi8((char)second);
    const __m128i cases = _mm_set1_epi8(0x20);
    uint64_t places = 0;
    for (int part = 0; part < CSCAN_WIDTH / 16; part++) {
        __m128i lefts = _mm_loadu_si128((const __m128i *)left + part);
        __m128i rights = _mm_loadu_si128((const __m128i *)right + part);
        __m128i both = _mm_and_si128(
            _mm_cmpeq_epi8(_mm_or_si128(lefts, cases), firsts), _mm_cmpeq_epi8(_mm_or_si128(rights, cases), seconds));
        places |= (uint64_t)(uint32_t)_mm_movemask_epi8(both) << (16 * part);
    }
    return places;
#else
    return cscan_pairs_portable(left, right, first, second);
#endif
}

// Of CSCAN_WIDTH bytes, bit n for the n-th: which are part of a word (letters, digits, underscores, all beyond ASCII),
// which are beyond ASCII, and which are backslashes.
struct cscan_kinds {
    uint64_t words, others, backslashes;
};

static inline struct cscan_kinds cscan_kinds_portable(const uint8_t *text) {
    struct cscan_kinds kinds = {0, 0, 0};
    for (int place = 0; place < CSCAN_WIDTH; place++) {
        uint8_t byte = text[place], lower = byte | 0x20;
        uint64_t bit = (uint64_t)1 << place;
        int isWord = (uint8_t)(lower - 'a') < 26 || (uint8_t)(byte - '0') < 10 || byte == '_' || byte >= 0x80;
        if (isWord) kinds.words |= bit;
        if (byte >= 0x80) kinds.others |= bit;
        if (byte == '\\') kinds.backslashes |= bit;
    }
    return kinds;
}

static inline struct cscan_kinds cscan_kinds(const uint8_t *text) {
#if defined(__SSE2__)
    struct cscan_kinds kinds = {0, 0, 0};
    const __m128i cases = _mm_set1_epi8(0x20), underscore = _mm_set1_epi8('_'), backslash = _mm_set1_epi8('\\');
    const __m128i letters = _mm_set1_epi8('a'), digits = _mm_set1_epi8('0');
    const __m128i lastLetter = _mm_set1_epi8(25), lastDigit = _mm_set1_epi8(9);
    for (int part = 0; part < CSCAN_WIDTH / 16; part++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)text + part);
        __m128i letter = _mm_sub_epi8(_mm_or_si128(bytes, cases), letters), digit = _mm_sub_epi8(bytes, digits);
        // At most the last one: the smaller of both is the byte itself.
        __m128i isLetter = _mm_cmpeq_epi8(_mm_min_epu8(letter, lastLetter), letter);
        __m128i isDigit = _mm_cmpeq_epi8(_mm_min_epu8(digit, lastDigit), digit);
        __m128i isWord = _mm_or_si128(_mm_or_si128(isLetter, isDigit), _mm_cmpeq_epi8(bytes, underscore));
        uint64_t others = (uint32_t)_mm_movemask_epi8(bytes);
        kinds.words |= ((uint32_t)_mm_movemask_epi8(isWord) | others) << (16 * part);
        kinds.others |= others << (16 * part);
        kinds.backslashes |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, backslash)) << (16 * part);
    }
    return kinds;
#else
    return cscan_kinds_portable(text);
#endif
}

// Shorter words are in no set of words.
enum { CSCAN_LEAST_WORD = 3 };

// A number for a word of CSCAN_LEAST_WORD bytes or more, the same in any case of its letters: made of its first eight
// bytes, its last eight and its length, so it is of little use but to say that a word is not there.
static inline uint64_t cscan_word(const uint8_t *word, size_t length) {
    const uint64_t cases = 0x2020202020202020;
    uint64_t first = 0, last = 0;
    if (length >= 8) {
        memcpy(&first, word, 8);
        memcpy(&last, word + length - 8, 8);
    } else if (length >= 4) {
        uint32_t head, tail;
        memcpy(&head, word, 4);
        memcpy(&tail, word + length - 4, 4);
        first = head;
        last = tail;
    } else {
        for (size_t place = 0; place < length; place++) first |= (uint64_t)word[place] << (8 * place);
    }
    uint64_t hash = ((first | cases) + length) * 0x9E3779B97F4A7C15 ^ (last | cases);
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93;
    return hash ^ hash >> 32;
}

enum { CSCAN_HAS_OTHERS = 1, CSCAN_HAS_BACKSLASHES = 2 };

// Sets for each word of a text the bit that its number, masked, stands for; says what else the text has.
//
// `mask` is a power of two less one, and `bits` has as many bits as that.
static inline uint32_t cscan_words(const uint8_t *text, size_t count, uint64_t *bits, uint64_t mask) {
    struct cscan_kinds all = {0, 0, 0};
    uint64_t isWithin = 0;
    size_t start = 0;
    for (size_t base = 0; base < count; base += CSCAN_WIDTH) {
        struct cscan_kinds kinds;
        if (count - base >= CSCAN_WIDTH) {
            kinds = cscan_kinds(text + base);
        } else {
            uint8_t rest[CSCAN_WIDTH] = {0};
            memcpy(rest, text + base, count - base);
            kinds = cscan_kinds(rest);
        }
        all.others |= kinds.others;
        all.backslashes |= kinds.backslashes;
        uint64_t before = kinds.words << 1 | isWithin;
        uint64_t starts = kinds.words & ~before, ends = ~kinds.words & before;
        while (ends != 0) {
            size_t end = base + (size_t)__builtin_ctzll(ends);
            ends &= ends - 1;
            if (isWithin) {
                isWithin = 0;
            } else {
                start = base + (size_t)__builtin_ctzll(starts);
                starts &= starts - 1;
            }
            if (end - start >= CSCAN_LEAST_WORD) {
                uint64_t bit = cscan_word(text + start, end - start) & mask;
                bits[bit >> 6] |= (uint64_t)1 << (bit & 63);
            }
        }
        if (starts != 0) start = base + (size_t)__builtin_ctzll(starts);
        isWithin = kinds.words >> (CSCAN_WIDTH - 1);
    }
    // One that ends with the text ended in the rest's zeros, unless there were none.
    if (isWithin && count - start >= CSCAN_LEAST_WORD) {
        uint64_t bit = cscan_word(text + start, count - start) & mask;
        bits[bit >> 6] |= (uint64_t)1 << (bit & 63);
    }
    return (all.others ? CSCAN_HAS_OTHERS : 0) | (all.backslashes ? CSCAN_HAS_BACKSLASHES : 0);
}

#endif
