<?php
// consumer.php: takes Regia's envelopes from RabbitMQ into PostgreSQL, each with exactly one effect.
// composer require php-amqplib/php-amqplib (or Debian's php-amqplib), extensions pcntl and pdo_pgsql;
// AMQP_HOST, AMQP_PORT, AMQP_USER, AMQP_PASSWORD, AMQP_VHOST, QUEUE, DSN in the environment; php consumer.php
declare(strict_types=1);

require getenv('AUTOLOAD') ?: 'vendor/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPTimeoutException;
use PhpAmqpLib\Message\AMQPMessage;

const PREFETCH = 10; // deliveries in hand: each lost connection counts for all of them
const TRIES = 5; // of one message, before it becomes a dead letter
const HOLD_SECONDS = 60; // how long messages are held while the database is away

final class Poison extends Exception {}
final class GivenBack extends Exception {}

$queue = getenv('QUEUE');
$stopping = false;
pcntl_async_signals(true);
foreach ([SIGTERM, SIGINT] as $signal) {
    pcntl_signal($signal, function () use (&$stopping): void { $stopping = true; });
}

// Your work. It uses the transaction it is given, and throws Poison for what can never succeed.
function handle(array $envelope, PDO $db): void
{
    $data = $envelope['data'];
    if (!isset($data['customer']['id'])) {
        throw new Poison('no customer');
    }
    $db->prepare('INSERT INTO tickets (customer, text) VALUES (?, ?)')->execute([$data['customer']['id'], $data['text']]);
}

function read(AMQPMessage $message): array
{
    $envelope = json_decode($message->getBody(), true);
    $headers = $message->has('application_headers') ? $message->get('application_headers')->getNativeData() : [];
    $told = $headers['envelope-id'] ?? null;
    if (!is_array($envelope) || ($envelope['specversion'] ?? null) !== '1.0' || ($envelope['id'] ?? '') !== $told
        || !is_array($envelope['data'] ?? null)) {
        throw new Poison('no envelope');
    }
    return $envelope;
}

// A connection of its own for as long as it holds.
function database(bool $anew = false): PDO
{
    static $db = null;
    if ($db === null || $anew) {
        $db = null;
        $db = new PDO(getenv('DSN'), null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 10]);
    }
    return $db;
}

// The id and the work in one transaction: both or neither.
function once(string $queue, array $envelope, PDO $db): void
{
    $db->beginTransaction();
    try {
        $claim = $db->prepare('INSERT INTO regia_done (queue, envelope_id) VALUES (?, ?) ON CONFLICT DO NOTHING');
        $claim->execute([$queue, $envelope['id']]);
        if ($claim->rowCount() === 1) {
            handle($envelope, $db);
        }
        $db->commit();
    } catch (Throwable $error) {
        try {
            $db->rollBack();
        } catch (PDOException) {
            // the connection is lost, and the transaction with it
        }
        throw $error;
    }
}

// The server is away: classes 08, 53 and 57 of SQLSTATE, and what PDO says when it cannot connect.
function isAway(Throwable $error): bool
{
    $state = $error instanceof PDOException ? (string) ($error->errorInfo[0] ?? $error->getCode()) : '';
    return $error instanceof PDOException
        && (preg_match('/^(08|53|57|HY000|7$)/', $state) === 1 && $state !== '57014');
}

function work(string $queue, AMQPMessage $message, AMQPStreamConnection $connection, bool &$stopping): void
{
    $envelope = read($message);
    $failures = 0;
    $anew = false;
    for ($end = time() + HOLD_SECONDS; !$stopping && time() < $end;) {
        try {
            once($queue, $envelope, database($anew));
            return;
        } catch (Poison $error) {
            throw $error;
        } catch (Throwable $error) {
            $anew = isAway($error); // not the message's fault: held, not counted
            if (!$anew && ++$failures >= TRIES) {
                throw new Poison("failed $failures times, at last with " . get_class($error) . ' ' . $error->getCode());
            }
            fwrite(STDERR, 'again: ' . get_class($error) . ' ' . $error->getCode() . "\n");
        }
        for ($wait = $anew ? 2 : 2 ** ($failures - 1); $wait > 0 && !$stopping; $wait--) {
            sleep(1);
            $connection->checkHeartBeat(); // throws when the connection is lost
        }
    }
    throw new GivenBack();
}

function serve(string $queue, bool &$stopping): void
{
    [$host, $port, $user, $password, $vhost] = array_map('getenv', ['AMQP_HOST', 'AMQP_PORT', 'AMQP_USER', 'AMQP_PASSWORD', 'AMQP_VHOST']);
    // Connecting may take 10 seconds, an answer 35; heartbeats come every 15.
    $connection = new AMQPStreamConnection($host, (int) $port, $user, $password, $vhost, false, 'AMQPLAIN', null, 'en_US', 10.0, 35.0, null, true, 15);
    $channel = $connection->channel();
    $channel->basic_qos(0, PREFETCH, false);
    $consumer = function (AMQPMessage $message) use ($queue, $connection, &$stopping): void {
        if ($stopping) {
            return; // goes back when the connection closes
        }
        try {
            work($queue, $message, $connection, $stopping);
            $message->ack(); // after the commit
        } catch (Poison $error) {
            fwrite(STDERR, 'a message goes to the dead letters: ' . $error->getMessage() . "\n");
            $message->reject(false); // without requeue
        }
    };
    $channel->basic_consume($queue, '', false, false, false, false, $consumer);
    fwrite(STDERR, "consuming $queue\n");
    while (!$stopping && $channel->is_consuming()) {
        try {
            $channel->wait(null, false, 1.0);
        } catch (AMQPTimeoutException) {
            $connection->checkHeartBeat();
        }
    }
    $connection->close(); // what is not acknowledged goes back
}

for ($wait = 0.5; !$stopping; $wait = min($wait * 2, 10.0)) {
    $begun = time();
    try {
        serve($queue, $stopping);
    } catch (GivenBack) {
        fwrite(STDERR, "given back\n");
    } catch (Throwable $error) {
        fwrite(STDERR, 'not consuming: ' . get_class($error) . "\n");
    }
    $wait = time() - $begun > 30 ? 0.5 : $wait;
    if (!$stopping) {
        usleep((int) ($wait * mt_rand(500_000, 1_000_000)));
    }
}
