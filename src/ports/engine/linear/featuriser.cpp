// SPDX-License-Identifier: Apache-2.0
#include "ports/engine/linear/featuriser.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace flywheel::linear {

namespace {

constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325ULL;
constexpr std::uint64_t kFnvPrime = 0x00000100000001B3ULL;
constexpr std::size_t kSlotsMin = 1024;
/// A text with more features than this gives its memory back.
constexpr std::size_t kSlotsKept = std::size_t{1} << 16U;

std::uint32_t id_of(std::uint64_t hash, int hash_bits) {
    hash ^= hash >> 32U;
    hash *= 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29U;
    hash *= 0xBF58476D1CE4E5B9ULL;
    return static_cast<std::uint32_t>(hash >> static_cast<unsigned>(64 - hash_bits));
}

constexpr bool within(char32_t c, char32_t first, char32_t last) {
    return c >= first && c <= last;
}

bool is_space(char32_t c) {
    if (c < 0x80) {
        return c == ' ' || within(c, 9, 13) || within(c, 0x1C, 0x1F);
    }
    return c == 0x85 || c == 0xA0 || c == 0x1680 || within(c, 0x2000, 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

char32_t folded(char32_t c, bool fold_digits) {
    if (c < 0x80) {
        if (within(c, 'A', 'Z')) {
            return c + 32;
        }
        return fold_digits && within(c, '0', '9') ? U'0' : c;
    }
    const bool shifted = (within(c, 0xC0, 0xDE) && c != 0xD7) || within(c, 0x391, 0x3A9) ||
                         within(c, 0x410, 0x42F) || within(c, 0xFF21, 0xFF3A);
    if (shifted) {
        return c + 32;
    }
    return within(c, 0x400, 0x40F) ? c + 80 : c;
}

/// Code points that NFC leaves alone whatever stands around them: quick check Yes and combining
/// class 0 (Unicode 15, DerivedNormalizationProps). Not all of them: the blocks that ordinary text
/// is made of.
bool is_composed(char32_t c) {
    if (c < 0x300 || within(c, 0xAC00, 0xD7A3) || within(c, 0x4E00, 0x9FFF)) {
        return true;
    }
    return within(c, 0x400, 0x482) || within(c, 0x48A, 0x52F) || within(c, 0x2010, 0x20CF) ||
           within(c, 0x2150, 0x2328) || within(c, 0x232B, 0x2ADB) || within(c, 0x3000, 0x3029) ||
           within(c, 0x3041, 0x3094) || within(c, 0x30A1, 0x30FA) || within(c, 0x30FC, 0x30FE) ||
           within(c, 0x3131, 0x318E) || within(c, 0x3200, 0x33FF) || within(c, 0xFF01, 0xFFEE) ||
           within(c, 0x1F300, 0x1FAFF);
}

bool is_surely_nfc(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
        } else if (!is_composed(next_code_point(text, at))) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::uint32_t feature_id(std::span<const char32_t> ngram, int hash_bits) {
    std::uint64_t hash = kFnvBasis;
    for (const char32_t c : ngram) {
        hash = (hash ^ c) * kFnvPrime;
    }
    return id_of(hash, hash_bits);
}

std::span<const Counted> Featuriser::operator()(std::string_view text) {
    begin_text();
    if (is_surely_nfc(text)) {
        walk(text);
    } else {
        walk(nfc(text));
    }
    return found_;
}

void Featuriser::begin_text() {
    const bool too_large = slots_.size() > kSlotsKept;
    if (slots_.empty() || too_large || ++stamp_ == 0) {
        slots_ = std::vector<Slot>(slots_.empty() || too_large ? kSlotsMin : slots_.size());
        stamp_ = 1;
    }
    if (too_large) {
        found_ = {};
    }
    found_.clear();
}

void Featuriser::walk(std::string_view text) {
    bool in_word = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        if (is_space(c)) {
            if (in_word) {
                extend(U' ', true);
            }
            in_word = false;
            continue;
        }
        if (!in_word) {
            run_ = 0;
            extend(U' ', true);
            in_word = true;
        }
        extend(folded(c, space_.fold_digits), false);
    }
    if (in_word) {
        extend(U' ', true);
    }
}

/// Adds every n-gram that ends at this code point: each is one longer than one that ended just
/// before.
void Featuriser::extend(char32_t code_point, bool is_pad) {
    const int longest = std::min(++run_, space_.ngram_max);
    for (int n = longest; n > 1; --n) {
        open_[n] = (open_[n - 1] ^ code_point) * kFnvPrime;
        add(id_of(open_[n], space_.hash_bits));
    }
    run_ = std::min(run_, space_.ngram_max);
    open_[1] = (kFnvBasis ^ code_point) * kFnvPrime;
    if (!is_pad) {
        add(id_of(open_[1], space_.hash_bits));
    }
}

void Featuriser::add(std::uint32_t id) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (id * 0x9E3779B1U >> 7U) & mask;
    while (slots_[at].stamp == stamp_) {
        if (slots_[at].id == id) {
            ++found_[slots_[at].place].count;
            return;
        }
        at = (at + 1) & mask;
    }
    slots_[at] = {stamp_, id, static_cast<std::uint32_t>(found_.size())};
    found_.push_back({id, 1});
    if (found_.size() * 2 > slots_.size()) {
        grow();
    }
}

void Featuriser::grow() {
    slots_ = std::vector<Slot>(slots_.size() * 2);
    stamp_ = 1;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t place = 0; place < found_.size(); ++place) {
        const std::uint32_t id = found_[place].id;
        std::size_t at = (id * 0x9E3779B1U >> 7U) & mask;
        while (slots_[at].stamp == stamp_) {
            at = (at + 1) & mask;
        }
        slots_[at] = {stamp_, id, static_cast<std::uint32_t>(place)};
    }
}

}  // namespace flywheel::linear
