#include "tokenizer/text.h"

#include <cassert>
#include <cstring>

#include "base/bytes.h"
#include "tokenizer/ascii.h"
#include "tokenizer/fold_engine.h"
#include "tokenizer/json_text.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {

bool is_utf8(std::string_view bytes) {
  const char* const end = bytes.data() + bytes.size();
  for (const char* p = skip_ascii(bytes.data(), end); p < end;) {
    const Decoded decoded = decode_utf8(p, end);
    const bool replaced = decoded.c == kReplacement && std::string_view(p, decoded.length) != "\xEF\xBF\xBD";
    if (replaced) return false;
    p = skip_ascii(p + decoded.length, end);
  }
  return true;
}

TextTraits classify(std::string_view bytes) {
  TextTraits traits;
  const char* const end = bytes.data() + bytes.size();
  traits.ascii = skip_ascii(bytes.data(), end) == end;
  traits.json_escapes =
      !bytes.empty() && std::memchr(bytes.data(), '\\', bytes.size()) != nullptr && is_json_container(bytes);
  return traits;
}

struct TextFolder::Impl {
  FoldBuffer folded;
  std::string unescaped;
};

TextFolder::TextFolder() : impl_(std::make_unique<Impl>()) {}
TextFolder::~TextFolder() = default;
TextFolder::TextFolder(TextFolder&&) noexcept = default;
TextFolder& TextFolder::operator=(TextFolder&&) noexcept = default;

std::string_view TextFolder::fold(std::string_view bytes, TextTraits traits) {
  assert(bytes.size() <= 256_MiB);
  FoldBuffer& out = impl_->folded;
  out.clear();
  if (traits.json_escapes) {
    impl_->unescaped.clear();
    append_unescaped(bytes, impl_->unescaped);
    fold_text(impl_->unescaped, out);
  } else if (traits.ascii) {
    lower_ascii(bytes.data(), bytes.data() + bytes.size(), out.room(bytes.size()));
    out.advance(bytes.size());
  } else {
    fold_text(bytes, out);
  }
  return out.view();
}

}  // namespace kseek::tokenizer
