// TopicStoreImpl: the list of dead letters, and which of them were sent on.
#include <algorithm>

#include "store/topic_store_impl.h"

namespace kseek::store {

std::vector<DeadLetter> TopicStoreImpl::dead_letters(size_t limit, const std::optional<DeadLetterPlace>& before) const {
  std::vector<DeadLetter> letters;
  const auto wanted = [&](const DeadLetter& letter) { return !before || place_of(letter) < *before; };
  {
    std::shared_lock lock(mu_);
    for (const auto& [id, partition] : partitions_) {
      const auto& open = partition->open_dead_letters;
      std::copy_if(open.begin(), open.end(), std::back_inserter(letters), wanted);
      for (const auto& frozen : partition->frozen) {
        std::copy_if(frozen.dead_letters.begin(), frozen.dead_letters.end(), std::back_inserter(letters), wanted);
      }
    }
  }
  // One that is sealed between the two looks is met twice.
  size_t durable = 0;
  const auto take = [&](std::string_view /*key*/, std::string_view record) {
    auto letter = decode_dead_letter(record);
    if (!letter || !wanted(*letter)) return true;
    letters.push_back(*std::move(letter));
    return ++durable < limit;
  };
  ignore_error(shared_.database->scan(topic_key(number_, RecordKind::kDeadLetter), true, take),
               "a list for people: what can be read of it is of use");
  std::sort(letters.begin(), letters.end(), [](const auto& a, const auto& b) { return place_of(a) > place_of(b); });
  const auto again = std::unique(letters.begin(), letters.end(),
                                 [](const auto& a, const auto& b) { return place_of(a) == place_of(b); });
  letters.erase(again, letters.end());
  if (letters.size() > limit) letters.resize(limit);
  return letters;
}

std::optional<DeadLetter> TopicStoreImpl::dead_letter(PartitionId id, Offset offset) const {
  const auto at_offset = [offset](const auto& letter) { return letter.offset == offset; };
  std::string key;
  {
    std::shared_lock lock(mu_);
    const auto partition = partitions_.find(id);
    if (partition == partitions_.end()) return std::nullopt;
    const auto& open = partition->second->open_dead_letters;
    if (const auto found = std::find_if(open.begin(), open.end(), at_offset); found != open.end()) return *found;
    for (const auto& frozen : partition->second->frozen) {
      const auto& letters = frozen.dead_letters;
      if (const auto found = std::find_if(letters.begin(), letters.end(), at_offset); found != letters.end()) {
        return *found;
      }
    }
    const auto& durable = partition->second->dead_letters;
    const auto found = std::lower_bound(durable.begin(), durable.end(), offset,
                                        [](const KeptDeadLetter& letter, Offset at) { return letter.offset < at; });
    if (found == durable.end() || found->offset != offset) return std::nullopt;
    key = dead_letter_key(number_, found->time, id, offset);
  }
  const auto record = shared_.database->get(key);
  return record && *record ? decode_dead_letter(**record) : std::nullopt;
}

std::vector<DeadLetter> TopicStoreImpl::unsent_dead_letters(size_t limit) const {
  std::vector<DeadLetter> letters;
  std::vector<std::string> durable;
  {
    std::shared_lock lock(mu_);
    for (const auto& [id, partition] : partitions_) {
      const auto unsent = [from = partition->letters_sent](const auto& letter) { return letter.offset >= from; };
      for (const KeptDeadLetter& letter : partition->dead_letters) {
        if (unsent(letter)) durable.push_back(dead_letter_key(number_, letter.time, id, letter.offset));
        if (durable.size() >= limit) break;
      }
      for (const auto& frozen : partition->frozen) {
        std::copy_if(frozen.dead_letters.begin(), frozen.dead_letters.end(), std::back_inserter(letters), unsent);
      }
      const auto& open = partition->open_dead_letters;
      std::copy_if(open.begin(), open.end(), std::back_inserter(letters), unsent);
    }
  }
  for (const std::string& key : durable) {
    const auto record = shared_.database->get(key);
    if (!record || !*record) continue;  // it has expired, or the next look reads it
    if (auto letter = decode_dead_letter(**record)) letters.push_back(*std::move(letter));
  }
  const auto order = [](const DeadLetter& letter) { return std::pair(letter.partition, letter.offset); };
  std::sort(letters.begin(), letters.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  if (letters.size() > limit) letters.resize(limit);
  return letters;
}

Result<void> TopicStoreImpl::note_dead_letters_sent(PartitionId id, Offset end) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  batch.Put(letters_sent_key(number_, id), encode_number(static_cast<uint64_t>(end.value)));
  KSEEK_TRY(shared_.database->write(batch, false));
  std::unique_lock lock(mu_);
  const auto found = partitions_.find(id);
  if (found != partitions_.end()) found->second->letters_sent = end;
  return {};
}

Offset TopicStoreImpl::dead_letters_sent(PartitionId id) const {
  std::shared_lock lock(mu_);
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? kMinOffset : found->second->letters_sent;
}

}  // namespace kseek::store
