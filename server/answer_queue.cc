#include "server/answer_queue.h"

#include <string>
#include <utility>

#include "server/event_stream.h"

namespace kseek::server {
namespace {

/// What libmicrohttpd reads a stream's events through; it suspends the connection while there is none.
struct StreamBody {
  std::shared_ptr<EventStream> events;
  MHD_Connection* connection = nullptr;
  ConnectionWatch& watch;
  ConnectionWatch::Connection& watched;
};

ssize_t read_events(void* body, uint64_t /*position*/, char* out, size_t max) {
  auto& stream = *static_cast<StreamBody*>(body);
  const auto read = stream.events->read(out, max, [&stream] {
    stream.watch.stream_rests(stream.watched);
    MHD_suspend_connection(stream.connection);
  });
  if (read && *read > 0) stream.watch.stream_gave(stream.watched, *read);
  return read ? static_cast<ssize_t>(*read) : MHD_CONTENT_READER_END_OF_STREAM;
}

MHD_Response* streaming_response(MHD_Connection* connection, std::shared_ptr<EventStream> events,
                                 ConnectionWatch& watch, ConnectionWatch::Connection& watched) {
  constexpr size_t kReadBytes = 32 * 1024;
  events->attach([connection] { MHD_resume_connection(connection); });
  auto* body = new StreamBody{std::move(events), connection, watch, watched};
  const auto forget = [](void* owned) {
    static_cast<StreamBody*>(owned)->events->detach();
    delete static_cast<StreamBody*>(owned);
  };
  MHD_Response* answer = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kReadBytes, &read_events, body, forget);
  if (answer == nullptr) forget(body);
  return answer;
}

MHD_Response* whole_response(std::string text) {
  auto* body = new std::string(std::move(text));
  MHD_Response* answer = MHD_create_response_from_buffer_with_free_callback_cls(
      body->size(), body->data(), [](void* owned) { delete static_cast<std::string*>(owned); }, body);
  if (answer == nullptr) delete body;
  return answer;
}

}  // namespace

MHD_Result queue_answer(MHD_Connection* connection, Response response, ConnectionWatch& watch,
                        ConnectionWatch::Connection& watched) {
  MHD_Response* answer = response.events != nullptr
                             ? streaming_response(connection, std::move(response.events), watch, watched)
                             : whole_response(std::move(response.body));
  if (answer == nullptr) return MHD_NO;
  if (response.status != 204 && response.status != 304)
    MHD_add_response_header(answer, "Content-Type", response.content_type.c_str());
  for (const auto& [name, value] : response.headers) MHD_add_response_header(answer, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), answer);
  MHD_destroy_response(answer);
  return queued;
}

}  // namespace kseek::server
