#include "store/terms.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "store/block.h"
#include "store/term_sort.h"
#include "store/unusual_number.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

/// 0x9E37… is 2^64 / golden ratio, the other two are wyhash's (Wang Yi, public domain).
constexpr uint64_t kMix0 = 0x9E3779B97F4A7C15;
constexpr uint64_t kMix1 = 0xA0761D6478BD642F;
constexpr uint64_t kMix2 = 0xE7037ED1A0B428DB;

uint64_t load8(const char* p) {
  uint64_t n;
  std::memcpy(&n, p, 8);
  return n;
}

uint64_t load4(const char* p) {
  uint32_t n;
  std::memcpy(&n, p, 4);
  return n;
}

uint64_t multiply_mix(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// A hash of a short string after wyhash: two overlapping loads up to 16 bytes, a multiplication for each 16 above.
uint64_t hash_of(const char* p, size_t size, uint64_t seed) {
  uint64_t a = 0;
  uint64_t b = 0;
  if (size >= 8) {
    size_t left = size;
    for (; left > 16; p += 16, left -= 16) seed = multiply_mix(load8(p) ^ kMix1, load8(p + 8) ^ seed);
    if (left < 8) {  // only after the loop: at least 8 bytes stand before
      p -= 8 - left;
      left = 8;
    }
    a = load8(p);
    b = load8(p + left - 8);
  } else if (size >= 4) {
    a = load4(p);
    b = load4(p + size - 4);
  } else if (size > 0) {
    a = static_cast<uint8_t>(p[0]) | static_cast<uint64_t>(static_cast<uint8_t>(p[size / 2])) << 8 |
        static_cast<uint64_t>(static_cast<uint8_t>(p[size - 1])) << 16;
  }
  return multiply_mix(kMix1 ^ size ^ a, multiply_mix(a ^ kMix2, b ^ seed));
}

/// memcmp without the call for the sizes that tokens have.
bool same_bytes(const char* a, const char* b, size_t size) {
  if (size >= 8) {
    if (size > 16) return std::memcmp(a, b, size) == 0;
    return ((load8(a) ^ load8(b)) | (load8(a + size - 8) ^ load8(b + size - 8))) == 0;
  }
  if (size >= 4) return ((load4(a) ^ load4(b)) | (load4(a + size - 4) ^ load4(b + size - 4))) == 0;
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// Differs from process to process, so that nobody can send messages whose terms all collide.
uint64_t process_seed() {
  static const uint64_t seed = [] {
    std::random_device random;
    return (static_cast<uint64_t>(random()) << 32) | random();
  }();
  return seed;
}

constexpr size_t kFirstChunkBytes = 16 * 1024;
constexpr size_t kLargestChunkBytes = 256 * 1024;
constexpr size_t kFirstSlots = 1024;
constexpr size_t kKeptSlots = 256 * 1024;  // a larger table is given back by take(): 4 MiB stay
constexpr size_t kKeptSpans = 64 * 1024;

}  // namespace

std::string field_term(Field field, std::string_view index_term) {
  std::string term;
  term.reserve(index_term.size() + 1);
  term.push_back(static_cast<char>(field));
  term.append(index_term);
  return term;
}

SliceMask BlockTerms::slices(std::string_view field_term) const {
  const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), field_term);
  return at != sorted_.end() && *at == field_term ? slices_of(*at) : SliceMask{0};
}

size_t BlockTerms::memory_bytes() const {
  return sizeof(*this) + arena_bytes_ + arena_.capacity() * sizeof(arena_[0]) +
         sorted_.capacity() * sizeof(sorted_[0]) + pairs_.hashes.capacity() * sizeof(uint32_t);
}

/// An open-addressing hash set with linear probing, at most half full; the terms' bytes stand in the arena that the
/// BlockTerms will own.
struct TermCollector::Impl {
  struct Slot {
    char* data = nullptr;  // null: free. Field byte, then the term; the slices are the byte before
    uint16_t size = 0;     // field byte included
    uint16_t tag = 0;      // of the hash
    uint32_t token = 0;    // token_hash()
  };

  tokenizer::TextFolder folder;
  std::vector<tokenizer::TokenSpan> spans;
  std::string scratch;
  std::vector<Slot> slots = std::vector<Slot>(kFirstSlots);
  size_t used = 0;
  size_t arena_left = 0;
  char* arena_next = nullptr;
  size_t next_chunk_bytes = kFirstChunkBytes;
  SliceMask slices = kAllSlices;
  std::shared_ptr<BlockTerms> terms = std::make_shared<BlockTerms>();
  TermSorter sorter;
  PairCollector pairs;

  char* store(std::vector<std::unique_ptr<char[]>>& arena, size_t& arena_bytes, char field, std::string_view term) {
    const size_t bytes = term.size() + 2;
    if (bytes > arena_left) {
      const size_t chunk_bytes = std::max(next_chunk_bytes, bytes);
      arena.push_back(std::make_unique_for_overwrite<char[]>(chunk_bytes));
      arena_next = arena.back().get();
      arena_left = chunk_bytes;
      arena_bytes += chunk_bytes;
      next_chunk_bytes = std::min(next_chunk_bytes * 2, kLargestChunkBytes);
    }
    char* const data = arena_next + 1;
    data[-1] = static_cast<char>(slices);
    data[0] = field;
    std::memcpy(data + 1, term.data(), term.size());
    arena_next += bytes;
    arena_left -= bytes;
    return data;
  }

  /// Places for twice as many; rehashes from the terms' bytes.
  void grow(uint64_t seed) {
    std::vector<Slot> larger(slots.size() * 2);
    const size_t mask = larger.size() - 1;
    for (const Slot& slot : slots) {
      if (slot.data == nullptr) continue;
      const uint64_t hash = hash_of(slot.data + 1, slot.size - 1, seed ^ (static_cast<uint8_t>(slot.data[0]) * kMix0));
      size_t at = hash & mask;
      while (larger[at].data != nullptr) at = (at + 1) & mask;
      larger[at] = slot;
    }
    slots.swap(larger);
  }

  /// Gives the term's token_hash().
  uint32_t insert(Field field, std::string_view term, uint64_t process) {
    const char field_byte = static_cast<char>(field);
    const uint64_t hash = hash_of(term.data(), term.size(), process ^ (static_cast<uint8_t>(field_byte) * kMix0));
    const auto tag = static_cast<uint16_t>(hash >> 48);
    const size_t mask = slots.size() - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      Slot& slot = slots[at];
      if (slot.data == nullptr) {
        const uint32_t token = token_hash(term);
        slot = {store(terms->arena_, terms->arena_bytes_, field_byte, term), static_cast<uint16_t>(term.size() + 1),
                tag, token};
        if (++used * 2 > slots.size()) grow(process);
        return token;
      }
      if (slot.tag == tag && slot.size == term.size() + 1 && slot.data[0] == field_byte &&
          same_bytes(slot.data + 1, term.data(), term.size())) {
        slot.data[-1] = static_cast<char>(static_cast<SliceMask>(slot.data[-1]) | slices);
        return slot.token;
      }
    }
  }
};

TermCollector::TermCollector() : impl_(std::make_unique<Impl>()) {}
TermCollector::~TermCollector() = default;

void TermCollector::set_slices(SliceMask slices) { impl_->slices = slices; }

void TermCollector::add(Field field, std::string_view bytes, tokenizer::TextTraits traits) {
  if (bytes.empty()) return;
  Impl& impl = *impl_;
  const std::string_view folded = impl.folder.fold(bytes, traits);
  impl.spans.clear();
  tokenizer::find_tokens(folded, impl.spans);
  const uint64_t process = process_seed();
  impl.pairs.begin_text(folded.size());
  for (const tokenizer::TokenSpan span : impl.spans) {
    std::string_view term = folded.substr(span.begin, span.end - span.begin);
    if (term.size() > tokenizer::kMaxTermBytes) term = tokenizer::index_term(term, impl.scratch);
    impl.pairs.add(field, impl.insert(field, term, process));
  }
  impl.pairs.end_text();
  if (impl.spans.capacity() > kKeptSpans) std::vector<tokenizer::TokenSpan>().swap(impl.spans);
}

void TermCollector::add_mark(Field field, std::string_view mark) { impl_->insert(field, mark, process_seed()); }

std::shared_ptr<const BlockTerms> TermCollector::take() {
  Impl& impl = *impl_;
  std::shared_ptr<BlockTerms> taken = std::move(impl.terms);
  taken->sorted_.reserve(impl.used);
  for (Impl::Slot& slot : impl.slots) {
    if (slot.data != nullptr) taken->sorted_.emplace_back(slot.data, slot.size);
    slot = {};
  }
  impl.sorter.sort(taken->sorted_);
  taken->pairs_ = impl.pairs.take();
  if (impl.slots.size() > kKeptSlots) std::vector<Impl::Slot>(kFirstSlots).swap(impl.slots);
  impl.used = 0;
  impl.arena_left = 0;
  impl.next_chunk_bytes = kFirstChunkBytes;
  impl.slices = kAllSlices;
  impl.terms = std::make_shared<BlockTerms>();
  return taken;
}

void collect_terms(TermCollector& collector, const StoredMessage& message) {
  if (message.key) collector.add(Field::kKey, *message.key, message.key_traits);
  if (message.value) {
    collector.add(Field::kValue, *message.value, message.value_traits);
    if (looks_like_json(*message.value) && has_unusual_number(*message.value)) {
      collector.add_mark(Field::kValue, kUnusualNumber);
    }
  }
  for (const Header& header : message.headers) {
    if (!header.value) continue;
    collector.add(Field::kHeader, *header.value,
                  {.ascii = tokenizer::classify(*header.value).ascii, .json_escapes = false});
  }
}

}  // namespace kseek::store
