import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The file of messages (bench/compare/message_file.h says what is in it). Any thread. */
final class MessageFile implements AutoCloseable {
  record Message(int partition, long offset, long time, String key, String value) {}

  private static final int FIXED_BYTES = 28;
  private final DataInputStream in;

  MessageFile(Path path) throws IOException {
    in = new DataInputStream(new BufferedInputStream(Files.newInputStream(path), 4 << 20));
    if (!new String(in.readNBytes(8), StandardCharsets.US_ASCII).equals("KSEEKMSG")) {
      throw new IOException(path + " is not a file of messages");
    }
  }

  /** At most so many messages; none at the end. */
  List<Message> next(int count) throws IOException {
    List<byte[]> records = new ArrayList<>(count);
    synchronized (this) {
      while (records.size() < count) {
        byte[] record = nextRecord();
        if (record == null) break;
        records.add(record);
      }
    }
    List<Message> messages = new ArrayList<>(records.size());
    for (byte[] record : records) messages.add(parse(record));
    return messages;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private byte[] nextRecord() throws IOException {
    int size;
    try {
      size = Integer.reverseBytes(in.readInt());
    } catch (EOFException end) {
      return null;
    }
    byte[] record = in.readNBytes(size);
    if (record.length != size) throw new IOException("the file of messages breaks off");
    return record;
  }

  private static Message parse(byte[] record) {
    ByteBuffer fields = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
    int partition = fields.getInt();
    long offset = fields.getLong();
    long time = fields.getLong();
    int keySize = fields.getInt();
    int valueSize = fields.getInt();
    String key = keySize < 0 ? null : new String(record, FIXED_BYTES, keySize, StandardCharsets.UTF_8);
    int valueAt = FIXED_BYTES + Math.max(keySize, 0);
    String value = valueSize < 0 ? null : new String(record, valueAt, valueSize, StandardCharsets.UTF_8);
    return new Message(partition, offset, time, key, value);
  }
}
