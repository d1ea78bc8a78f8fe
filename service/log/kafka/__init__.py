"""The log on Apache Kafka: `kafka://host:port/PREFIX`, any number of processes.

address      the URL: brokers, names, options
connection   our way with aiokafka's clients: made, bounded, let go of
topics       made or checked, and the identity that is kept among them
desk         questions to the cluster: ends, starts, what a group committed
appending    records in
following    batches out, from the bookmark
lenient      what aiokafka's own reader chokes on
publishing   records and position in one transaction
marking      how far the database has come, for lag tools
log          puts them together: `KafkaLog`
"""

from service.log.kafka.log import KafkaLog, open_kafka

__all__ = ["KafkaLog", "open_kafka"]
