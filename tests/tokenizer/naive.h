// What patterns and phrases mean, written as plainly as can be: the tests' yardstick.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pattern.h"

namespace kseek::tokenizer {

/// Recursive, exponential: `*` any run of characters, `?` one.
bool naive_matches(const std::vector<TokenPattern::Step>& steps, std::string_view token);

/// The steps of a pattern from how it is written; its literals have no `*` or `?`.
std::vector<TokenPattern::Step> steps_of(std::string_view written);

/// Whether the phrase's patterns match adjacent ones of `tokens`, the first at `at`.
bool naive_phrase_at(const Phrase& phrase, const std::vector<std::string>& tokens, size_t at);

}  // namespace kseek::tokenizer
