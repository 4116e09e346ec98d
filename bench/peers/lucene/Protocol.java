import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** How a peer is called and timed: as bench/peers/peer.h says, but warming up goes on for a second (the JIT compiler). */
final class Protocol {
  record Hit(int partition, long offset) {}

  record Question(String id, String kind, String form, String text, Long from, Long to) {}

  interface Peer {
    /** All of `data` is on disk and searchable when it returns. `searched`: search() runs meanwhile. */
    void index(Path data, Path dir, int threads, boolean searched) throws Exception;

    void open(Path dir) throws IOException;

    void close() throws IOException;

    /** The newest ten, fetched. */
    List<Hit> search(Question question) throws IOException;
  }

  private static final int MIN_SAMPLES = 5;
  private static final int COLD_QUESTIONS = 10;
  private static final double WARM_UP_MS = 1_000;
  private static final List<String> QUICK_KINDS = List.of("rare word", "UUID", "key", "frequent word", "nothing");

  private final Peer peer;
  private final List<String> plain = new ArrayList<>();
  private final Map<String, String> options = new HashMap<>();
  private boolean cold;

  private Protocol(Peer peer, String[] arguments) {
    this.peer = peer;
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("--cold")) {
        cold = true;
      } else if (arguments[i].startsWith("--") && i + 1 < arguments.length) {
        options.put(arguments[i], arguments[++i]);
      } else {
        plain.add(arguments[i]);
      }
    }
  }

  static void run(Peer peer, String[] arguments) throws Exception {
    Protocol protocol = new Protocol(peer, arguments);
    switch (protocol.plain.isEmpty() ? "" : protocol.plain.get(0)) {
      case "index" -> {
        Files.createDirectories(protocol.path(2));
        peer.index(protocol.path(1), protocol.path(2), (int) protocol.option("--threads", 1), false);
      }
      case "search" -> protocol.search();
      case "mixed" -> protocol.mixed();
      default -> throw new IllegalArgumentException("bench/peers/peer.h says how a peer is called");
    }
  }

  private Path path(int place) {
    return Path.of(plain.get(place));
  }

  private double option(String name, double otherwise) {
    return options.containsKey(name) ? Double.parseDouble(options.get(name)) : otherwise;
  }

  private static List<Question> readQuestions(Path file) throws IOException {
    List<Question> questions = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      String[] parts = line.split("\t", -1);
      Long from = parts[4].isEmpty() ? null : Long.valueOf(parts[4]);
      Long to = parts[5].isEmpty() ? null : Long.valueOf(parts[5]);
      questions.add(new Question(parts[0], parts[1], parts[2], parts[3], from, to));
    }
    return questions;
  }

  private static double msSince(long beginNanos) {
    return (System.nanoTime() - beginNanos) / 1e6;
  }

  private static void print(String id, String kind, List<Hit> hits, List<Double> times) {
    String hitText = hits.stream().map(hit -> "[" + hit.partition + "," + hit.offset + "]").collect(Collectors.joining(","));
    String timeText = times.stream().map(ms -> String.format(Locale.ROOT, "%.4f", ms)).collect(Collectors.joining(","));
    System.out.printf("{\"id\":\"%s\",\"kind\":\"%s\",\"hits\":[%s],\"ms\":[%s]}%n", id, kind, hitText, timeText);
  }

  private void search() throws Exception {
    Map<String, List<Question>> kinds = new LinkedHashMap<>();
    for (Question question : readQuestions(path(2))) {
      kinds.computeIfAbsent(question.kind, kind -> new ArrayList<>()).add(question);
    }
    peer.open(path(1));
    if (cold) {
      // So that what is cold is the files, not the compiled code.
      for (List<Question> kind : kinds.values()) warmUp(kind, option("--seconds", 10) * 1e3);
    }
    for (List<Question> kind : kinds.values()) {
      if (cold) {
        askCold(kind);
      } else {
        askWarm(kind);
      }
    }
    peer.close();
  }

  /** Their answers; once each (as far as time allows), and then again until a second is over. */
  private List<List<Hit>> warmUp(List<Question> questions, double limitMs) throws IOException {
    List<List<Hit>> answers = new ArrayList<>();
    long begin = System.nanoTime();
    for (Question question : questions) {
      if (msSince(begin) > limitMs * 0.3) break;
      answers.add(peer.search(question));
    }
    for (int i = 0; msSince(begin) < Math.min(WARM_UP_MS, limitMs * 0.3); i++) {
      peer.search(questions.get(i % answers.size()));
    }
    return answers;
  }

  private void askWarm(List<Question> questions) throws IOException {
    double limitMs = option("--seconds", 10) * 1e3;
    List<List<Hit>> answers = warmUp(questions, limitMs);
    List<List<Double>> times = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) times.add(new ArrayList<>());
    long begin = System.nanoTime();
    int samples = 0;
    for (int round = 0; round < option("--rounds", 3); round++) {
      for (int i = 0; i < answers.size(); i++) {
        if (samples >= MIN_SAMPLES && msSince(begin) > limitMs) break;
        long start = System.nanoTime();
        List<Hit> again = peer.search(questions.get(i));
        times.get(i).add(msSince(start));
        samples++;
        if (!again.equals(answers.get(i))) throw new IllegalStateException("two answers to " + questions.get(i).id);
      }
    }
    for (int i = 0; i < answers.size(); i++) {
      print(questions.get(i).id, questions.get(i).kind, answers.get(i), times.get(i));
    }
  }

  private void askCold(List<Question> questions) throws Exception {
    double limitMs = option("--seconds", 10) * 1e3;
    long begin = System.nanoTime();
    for (int i = 0; i < Math.min(questions.size(), COLD_QUESTIONS); i++) {
      if (i > 0 && msSince(begin) > limitMs) break;
      peer.close();
      dropPageCache(path(1));
      peer.open(path(1));
      long start = System.nanoTime();
      List<Hit> hits = peer.search(questions.get(i));
      print(questions.get(i).id, questions.get(i).kind, hits, List.of(msSince(start)));
    }
  }

  private static void dropPageCache(Path dir) throws Exception {
    Process helper = new ProcessBuilder(System.getenv("KSEEK_BENCH_DROP"), "drop", dir.toString()).inheritIO().start();
    if (helper.waitFor() != 0) throw new IOException("the page cache can't be dropped");
  }

  private static List<Question> quickQuestions(Path file) throws IOException {
    List<Question> all = readQuestions(file);
    List<Question> quick = new ArrayList<>();
    List<List<Question>> kinds = new ArrayList<>();
    for (String kind : QUICK_KINDS) kinds.add(all.stream().filter(question -> question.kind.equals(kind)).toList());
    int longest = kinds.stream().mapToInt(List::size).max().orElse(0);
    for (int i = 0; i < longest; i++) {
      for (List<Question> kind : kinds) {
        if (i < kind.size()) quick.add(kind.get(i));
      }
    }
    return quick;
  }

  private void mixed() throws Exception {
    Files.createDirectories(path(2));
    List<Question> questions = quickQuestions(path(3));
    long interval = (long) (1e9 / option("--rate", 100));
    AtomicBoolean stop = new AtomicBoolean();
    List<Double> times = new ArrayList<>();
    Exception[] failure = new Exception[1];
    Thread searcher = new Thread(() -> {
      long due = System.nanoTime();
      try {
        for (int i = 0; !stop.get(); i++, due += interval) {
          for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
          peer.search(questions.get(i % questions.size()));
          times.add(msSince(due));
        }
      } catch (IOException error) {
        failure[0] = error;
      }
    });
    searcher.start();
    peer.index(path(1), path(2), (int) option("--threads", 1), true);
    stop.set(true);
    searcher.join();
    if (failure[0] != null) throw failure[0];
    print("mixed", "mixed", List.of(), times);
  }
}
