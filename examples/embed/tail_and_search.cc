// Tails a topic from Kafka in this process and searches it, with a query built in code:
//   tail_and_search BROKERS DIR TOPIC PHRASE [KEY]
#include <chrono>
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
  if (argc < 5) {
    std::cerr << "usage: tail_and_search BROKERS DIR TOPIC PHRASE [KEY]\n";
    return 2;
  }
  const std::string topic = argv[3];
  kseek::OwnerOptions options;
  options.brokers = argv[1];
  auto owner = kseek::Owner::open(argv[2], options);
  if (!owner) return fail(owner.error());

  kseek::OpenRequest open;
  open.topic = topic;
  const auto opened = owner->open_topic(open);
  const bool open_already = !opened && opened.error().code == kseek::ErrorCode::kConflict;
  if (!opened && !open_already) return fail(opened.error());
  if (const auto caught_up = owner->wait_caught_up(topic, std::chrono::seconds(30)); !caught_up) {
    return fail(caught_up.error());
  }

  kseek::SearchRequest request;
  request.topics = {topic};
  request.query = kseek::Query::phrase(argv[4]);
  if (argc > 5) request.query = request.query && kseek::Query::phrase(argv[5], kseek::Where::key());
  const auto answer = owner->search(request);
  if (!answer) return fail(answer.error());
  for (const kseek::Hit& hit : answer->hits) {
    std::cout << hit.message.partition << " " << hit.message.offset << " " << hit.message.value.value_or("(null)")
              << "\n";
  }
  std::cout << answer->hits.size() << " hits, " << (answer->complete ? "complete" : "not complete") << "\n";
  return 0;
}
