// Searches a data directory, also while a running kseek owns it:
//   search_directory DIR TOPIC [QUERY]
#include <iostream>
#include <string>

#include <kseek/kseek.h>

namespace {

int fail(const kseek::Error& error) {
  std::cerr << error.message << "\n" << error.hint << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: search_directory DIR TOPIC [QUERY]\n";
    return 2;
  }
  auto reader = kseek::Reader::open(argv[1]);
  if (!reader) return fail(reader.error());

  kseek::SearchRequest request;
  request.topics = {argv[2]};
  request.text = argc > 3 ? argv[3] : "";
  kseek::HitStream hits = reader->find(request);
  for (int count = 0;; ++count) {
    const auto hit = hits.next();
    if (!hit) return fail(hit.error());
    if (!*hit) {
      std::cout << count << " messages, as far as they are on disk\n";
      return 0;
    }
    const kseek::Message& message = (*hit)->message;
    std::cout << message.topic << " " << message.partition << " " << message.offset << " "
              << message.key.value_or("(null)") << " " << message.value.value_or("(null)") << "\n";
  }
}
