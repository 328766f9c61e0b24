// Consumer.java: takes Regia's envelopes from RabbitMQ into PostgreSQL, each with exactly one effect.
// com.rabbitmq:amqp-client and org.postgresql:postgresql on the class path; AMQP_URL, QUEUE and JDBC_URL in the environment;
// java -cp … Consumer.java. PostgreSQL reads the JSON here: with a JSON library of yours, use that.
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

public final class Consumer {
    static final int PREFETCH = 10; // deliveries in hand: each lost connection counts for all of them
    static final int TRIES = 5; // of one message, before it becomes a dead letter
    static final long HOLD_MS = 60_000; // how long messages are held while the database is away
    static final long STOP_SECONDS = 20; // how long a stop waits for what is in work

    static final String QUEUE = System.getenv("QUEUE");
    static final CountDownLatch stopping = new CountDownLatch(1);
    static final CountDownLatch stopped = new CountDownLatch(1);
    static final Semaphore atWork = new Semaphore(1);
    static java.sql.Connection database;

    static final class Poison extends Exception {
        Poison(String reason) { super(reason); }
    }

    // Your work. It uses the transaction it is given, and throws Poison for what can never succeed.
    static void handle(String envelope, java.sql.Connection db) throws SQLException, Poison {
        String sql = "INSERT INTO tickets (customer, text) SELECT e #>> '{data,customer,id}', e #>> '{data,text}'"
            + " FROM (SELECT ?::jsonb AS e) AS one WHERE e #>> '{data,customer,id}' IS NOT NULL";
        try (PreparedStatement insert = db.prepareStatement(sql)) {
            insert.setString(1, envelope);
            if (insert.executeUpdate() == 0) throw new Poison("no customer");
        }
    }

    // The id in the body, where it is an envelope.
    static String read(String body, java.sql.Connection db) throws SQLException, Poison {
        String sql = "SELECT e ->> 'id' FROM (SELECT ?::jsonb AS e) AS one"
            + " WHERE e ->> 'specversion' = '1.0' AND jsonb_typeof(e -> 'data') = 'object'";
        try (PreparedStatement select = db.prepareStatement(sql)) {
            select.setString(1, body);
            try (ResultSet found = select.executeQuery()) {
                if (found.next() && found.getString(1) != null) return found.getString(1);
            }
        } catch (SQLException error) {
            if (error.getSQLState() == null || !error.getSQLState().startsWith("22")) throw error;
        }
        throw new Poison("no envelope");
    }

    // The id and the work in one transaction: both or neither.
    static void once(String body, String told) throws SQLException, Poison {
        if (database == null || database.isClosed()) {
            DriverManager.setLoginTimeout(10);
            database = DriverManager.getConnection(System.getenv("JDBC_URL"));
            database.setAutoCommit(false);
        }
        try {
            String id = read(body, database);
            if (!id.equals(told)) throw new Poison("the header is of another envelope");
            String claim = "INSERT INTO regia_done (queue, envelope_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
            try (PreparedStatement insert = database.prepareStatement(claim)) {
                insert.setString(1, QUEUE);
                insert.setString(2, id);
                if (insert.executeUpdate() == 1) handle(body, database);
            }
            database.commit();
        } catch (SQLException | Poison | RuntimeException error) {
            try {
                database.rollback();
            } catch (SQLException lost) {
                database.close(); // the next attempt connects anew
            }
            throw error;
        }
    }

    // The server is away: classes 08, 53, 57 of SQLSTATE (not 57014, a cancelled query), or none at all.
    static boolean isAway(SQLException error) {
        String state = error.getSQLState();
        return state == null || state.matches("(08|53|57)...") && !state.equals("57014");
    }

    // False when the message is to go back.
    static boolean work(String body, String told, Channel channel) throws Poison, InterruptedException {
        int failures = 0;
        long end = System.currentTimeMillis() + HOLD_MS;
        while (stopping.getCount() > 0 && channel.isOpen() && System.currentTimeMillis() < end) {
            long wait = 2000;
            try {
                once(body, told);
                return true;
            } catch (SQLException error) {
                if (!isAway(error)) { // else it is not the message's fault: held, not counted
                    if (++failures >= TRIES) throw new Poison("failed " + failures + " times, SQLSTATE " + error.getSQLState());
                    wait = 500L << failures;
                }
                System.err.println("again in " + wait + " ms: SQLSTATE " + error.getSQLState());
            }
            stopping.await(wait, TimeUnit.MILLISECONDS);
        }
        return false;
    }

    // Until a stop, the connection's end, the deletion of the queue, or a database that is away for too long.
    static void serve(ConnectionFactory factory) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        Connection connection = factory.newConnection("tickets");
        try {
            Channel channel = connection.createChannel();
            channel.basicQos(PREFETCH);
            String tag = channel.basicConsume(QUEUE, false, new DefaultConsumer(channel) {
                @Override // one after the other: the order of the queue
                public void handleDelivery(String tag, Envelope delivery, AMQP.BasicProperties properties, byte[] body)
                        throws IOException {
                    if (stopping.getCount() == 0 || ended.getCount() == 0) return; // goes back when the connection closes
                    atWork.acquireUninterruptibly();
                    Object header = properties.getHeaders() == null ? null : properties.getHeaders().get("envelope-id");
                    try {
                        if (work(new String(body, StandardCharsets.UTF_8), String.valueOf(header), channel)) {
                            channel.basicAck(delivery.getDeliveryTag(), false); // after the commit
                        } else {
                            ended.countDown();
                        }
                    } catch (Poison poison) {
                        System.err.println(header + " goes to the dead letters: " + poison.getMessage());
                        channel.basicReject(delivery.getDeliveryTag(), false);
                    } catch (InterruptedException interrupted) {
                        ended.countDown();
                    } finally {
                        atWork.release();
                    }
                }

                @Override
                public void handleCancel(String tag) { ended.countDown(); } // the queue was deleted

                @Override
                public void handleShutdownSignal(String tag, ShutdownSignalException why) { ended.countDown(); }
            });
            System.err.println("consuming " + QUEUE);
            while (stopping.getCount() > 0 && !ended.await(200, TimeUnit.MILLISECONDS)) { }
            ended.countDown(); // what has not begun goes back
            if (channel.isOpen()) channel.basicCancel(tag);
            if (atWork.tryAcquire(STOP_SECONDS, TimeUnit.SECONDS)) atWork.release(); // what runs is finished, and acknowledged
        } finally {
            if (connection.isOpen()) connection.close(10_000);
        }
    }

    public static void main(String[] arguments) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        factory.setAutomaticRecoveryEnabled(false); // it would subscribe again beside work that still runs
        factory.setConnectionTimeout(10_000);
        factory.setRequestedHeartbeat(10);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { // SIGTERM, SIGINT
            stopping.countDown();
            try {
                stopped.await(STOP_SECONDS + 5, TimeUnit.SECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }));
        long wait = 500;
        while (stopping.getCount() > 0) {
            long begun = System.currentTimeMillis();
            try {
                serve(factory);
            } catch (Exception error) {
                System.err.println("not consuming: " + error.getClass().getSimpleName());
            }
            wait = System.currentTimeMillis() - begun > 30_000 ? 500 : Math.min(wait * 2, 10_000);
            stopping.await((long) (wait * ThreadLocalRandom.current().nextDouble(0.5, 1.0)), TimeUnit.MILLISECONDS);
        }
        stopped.countDown();
    }
}
