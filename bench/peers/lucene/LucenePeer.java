import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.LongField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.SearcherFactory;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.search.SortedNumericSelector;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopFieldCollectorManager;
import org.apache.lucene.search.WildcardQuery;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.QueryBuilder;

/**
 * Lucene in the peers' protocol (bench/README.md): a document a message, StandardAnalyzer (a Chinese character is a word),
 * positions, stored fields. Tuned as the javadoc of IndexWriterConfig and Lucene's page "How to make indexing faster" say:
 * one writer, a thread a core, 256 MB of RAM buffer, no compound files, no norms (nothing is scored). The index is sorted
 * newest first (IndexWriterConfig.setIndexSort), and searches by the same sort with a threshold of ten hits stop early
 * (TopFieldCollectorManager). No query cache: a question asked twice is answered twice.
 * KSEEK_BENCH_FORCE_MERGE=1: forceMerge(1) at the end.
 */
final class LucenePeer implements Protocol.Peer {
  private static final int NEWEST = 10;
  private static final int BATCH = 500;
  private static final double RAM_BUFFER_MB = 256;
  private static final long REFRESH_MS = 1_000; // "mixed": how often what was indexed becomes visible
  private static final Sort NEWEST_FIRST =
      new Sort(
          LongField.newSortField("time", true, SortedNumericSelector.Type.MIN),
          new SortField("partition", SortField.Type.LONG, true),
          new SortField("offset", SortField.Type.LONG, true));

  private final StandardAnalyzer analyzer = new StandardAnalyzer();
  private final FieldType words = wordsType();
  private Directory directory;
  private volatile SearcherManager searchers;

  public static void main(String[] arguments) throws Exception {
    IndexSearcher.setDefaultQueryCache(null);
    Protocol.run(new LucenePeer(), arguments);
  }

  private static FieldType wordsType() {
    FieldType type = new FieldType();
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS_AND_POSITIONS);
    type.setTokenized(true);
    type.setStored(true);
    type.setOmitNorms(true);
    type.freeze();
    return type;
  }

  @Override
  public void index(Path data, Path dir, int threads, boolean searched) throws Exception {
    IndexWriterConfig config = new IndexWriterConfig(analyzer);
    config.setOpenMode(IndexWriterConfig.OpenMode.CREATE);
    config.setIndexSort(NEWEST_FIRST);
    config.setRAMBufferSizeMB(RAM_BUFFER_MB);
    config.setUseCompoundFile(false);
    try (Directory target = FSDirectory.open(dir);
        IndexWriter writer = new IndexWriter(target, config);
        MessageFile file = new MessageFile(data)) {
      if (searched) searchers = new SearcherManager(writer, new SearcherFactory());
      List<Thread> indexers = new ArrayList<>();
      List<Throwable> failures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Thread indexer = new Thread(() -> addAll(writer, file, failures));
        indexers.add(indexer);
        indexer.start();
      }
      for (Thread indexer : indexers) refreshUntilDone(indexer);
      if (!failures.isEmpty()) throw new IOException(failures.get(0));
      if (System.getenv("KSEEK_BENCH_FORCE_MERGE") != null) writer.forceMerge(1);
      writer.commit();
    }
    // The searcher of "mixed" may still be at its last question; the process ends soon.
  }

  private void refreshUntilDone(Thread indexer) throws Exception {
    while (indexer.isAlive()) {
      indexer.join(REFRESH_MS);
      if (searchers != null) searchers.maybeRefresh();
    }
  }

  private void addAll(IndexWriter writer, MessageFile file, List<Throwable> failures) {
    try {
      for (List<MessageFile.Message> batch; !(batch = file.next(BATCH)).isEmpty(); ) {
        for (MessageFile.Message message : batch) writer.addDocument(documentOf(message));
      }
    } catch (IOException | RuntimeException error) {
      synchronized (failures) {
        failures.add(error);
      }
    }
  }

  private Document documentOf(MessageFile.Message message) {
    Document document = new Document();
    if (message.key() != null) document.add(new StringField("key", message.key(), Field.Store.YES));
    if (message.value() != null) document.add(new Field("value", message.value(), words));
    document.add(new LongField("time", message.time(), Field.Store.YES));
    document.add(new NumericDocValuesField("partition", message.partition()));
    document.add(new NumericDocValuesField("offset", message.offset()));
    document.add(new StoredField("partition", message.partition()));
    document.add(new StoredField("offset", message.offset()));
    return document;
  }

  @Override
  public void open(Path dir) throws IOException {
    directory = FSDirectory.open(dir);
    searchers = new SearcherManager(DirectoryReader.open(directory), new SearcherFactory());
  }

  @Override
  public void close() throws IOException {
    searchers.close();
    searchers = null;
    directory.close();
  }

  @Override
  public List<Protocol.Hit> search(Protocol.Question question) throws IOException {
    SearcherManager manager = searchers;
    if (manager == null) return List.of();
    IndexSearcher searcher = manager.acquire();
    try {
      var collector = new TopFieldCollectorManager(NEWEST_FIRST, NEWEST, null, NEWEST);
      StoredFields stored = searcher.storedFields();
      List<Protocol.Hit> hits = new ArrayList<>();
      for (ScoreDoc found : searcher.search(queryOf(question), collector).scoreDocs) {
        Document document = stored.document(found.doc);
        int partition = document.getField("partition").numericValue().intValue();
        hits.add(new Protocol.Hit(partition, document.getField("offset").numericValue().longValue()));
      }
      return hits;
    } finally {
      manager.release(searcher);
    }
  }

  private Query queryOf(Protocol.Question question) {
    String text = question.text();
    switch (question.form()) {
      case "word":
        return new TermQuery(new Term("value", text));
      case "phrase":
        return new QueryBuilder(analyzer).createPhraseQuery("value", text);
      case "and": {
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        for (String word : text.split(" ")) all.add(new TermQuery(new Term("value", word)), Occur.FILTER);
        return all.build();
      }
      case "prefix":
        return new PrefixQuery(new Term("value", text));
      case "infix":
        return new WildcardQuery(new Term("value", "*" + text + "*"));
      case "key": {
        Query key = new TermQuery(new Term("key", text));
        if (question.from() == null) return key;
        Query times = LongField.newRangeQuery("time", question.from(), question.to());
        return new BooleanQuery.Builder().add(key, Occur.FILTER).add(times, Occur.FILTER).build();
      }
      default:
        throw new IllegalArgumentException("an unknown form of question: " + question.form());
    }
  }
}
