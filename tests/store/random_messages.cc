#include "tests/store/random_messages.h"

namespace kseek::store {

MessageView OwnedMessage::get() const {
  MessageView message = view;
  if (key) message.key = std::string_view(*key);
  if (value) message.value = std::string_view(*value);
  message.headers = HeaderList(headers);
  return message;
}

}  // namespace kseek::store
