// sarama: the steps of ../README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"klamm.test/steps"
)

const limit = 30 * time.Second

type client struct {
	brokers []string
	admin   sarama.ClusterAdmin
}

func settings() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	return config
}

func open(bootstrap string) (steps.Client, error) {
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, settings())
	return &client{[]string{bootstrap}, admin}, err
}

func (c *client) CreateTopic(topic string, partitions int32, config map[string]string) error {
	detail := sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{}}
	for name, value := range config {
		detail.ConfigEntries[name] = &value
	}
	err := c.admin.CreateTopic(topic, &detail, false)
	if errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return steps.ErrTopicExists
	}
	return err
}

func (c *client) Produce(topic string, records []steps.Record, codec string) (map[int32]int64, error) {
	codecs := map[string]sarama.CompressionCodec{"": sarama.CompressionNone,
		"gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD}
	config := settings()
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Compression = codecs[codec]
	config.Net.MaxOpenRequests = 1 // its condition for idempotence
	producer, err := sarama.NewSyncProducer(c.brokers, config)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for _, r := range records {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Partition: r.Partition,
			Key: sarama.ByteEncoder(r.Key), Value: sarama.ByteEncoder(r.Value), Timestamp: r.Time})
	}
	if err := producer.SendMessages(messages); err != nil {
		return nil, err
	}
	ends := map[int32]int64{}
	for _, m := range messages {
		ends[m.Partition] = max(ends[m.Partition], m.Offset+1)
	}
	return ends, nil
}

// consumer turns sarama's callbacks into a channel; it is the handler of its own group.
type consumer struct {
	group   sarama.ConsumerGroup
	topic   string
	reads   chan steps.Read
	stop    context.CancelFunc
	ended   chan struct{}
	mutex   sync.Mutex
	session sarama.ConsumerGroupSession // nil while there is none
	err     error
	mark    bool
}

func (c *client) Join(group, topic, clientID string, autoCommit bool) (steps.Consumer, error) {
	config := settings()
	config.ClientID = clientID
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = autoCommit
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	inner, err := sarama.NewConsumerGroup(c.brokers, group, config)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	joined := &consumer{group: inner, topic: topic, reads: make(chan steps.Read, 1000), stop: stop,
		ended: make(chan struct{}), mark: autoCommit}
	go func() {
		defer close(joined.ended)
		for ctx.Err() == nil { // one turn for each generation
			if err := inner.Consume(ctx, []string{topic}, joined); err != nil {
				joined.mutex.Lock()
				joined.err = err
				joined.mutex.Unlock()
				return
			}
		}
	}()
	return joined, nil
}

func (c *consumer) Setup(session sarama.ConsumerGroupSession) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.session = session
	return nil
}

func (c *consumer) Cleanup(sarama.ConsumerGroupSession) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.session = nil
	return nil
}

func (c *consumer) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, more := <-claim.Messages():
			if !more {
				return nil
			}
			c.reads <- read(message)
			if c.mark {
				session.MarkMessage(message, "")
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

func read(m *sarama.ConsumerMessage) steps.Read {
	return steps.Read{Partition: m.Partition, Offset: m.Offset, Time: m.Timestamp, Key: m.Key,
		Value: m.Value}
}

func (c *consumer) Poll() ([]steps.Read, error) {
	c.mutex.Lock()
	err := c.err
	c.mutex.Unlock()
	var reads []steps.Read
	for timeout := time.After(100 * time.Millisecond); err == nil; {
		select {
		case one := <-c.reads:
			reads = append(reads, one)
		case <-timeout:
			return reads, nil
		}
	}
	return reads, err
}

func (c *consumer) Assigned() []int32 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.session == nil {
		return nil
	}
	return slices.Clone(c.session.Claims()[c.topic])
}

func (c *consumer) Commit(positions map[int32]steps.Position) error {
	c.mutex.Lock()
	session := c.session
	c.mutex.Unlock()
	if session == nil {
		return errors.New("not a member")
	}
	for partition, position := range positions {
		session.ResetOffset(c.topic, partition, position.Offset, position.Metadata)
	}
	session.Commit()
	return nil
}

func (c *consumer) Close() error {
	c.stop()
	select {
	case <-c.ended:
	case <-time.After(limit):
		return errors.New("Consume did not end")
	}
	return errors.Join(c.err, c.group.Close())
}

func (c *client) Committed(group, topic string) (map[int32]steps.Position, error) {
	response, err := c.admin.ListConsumerGroupOffsets(group, nil)
	if err != nil {
		return nil, err
	}
	positions := map[int32]steps.Position{}
	for partition, block := range response.Blocks[topic] {
		if block.Err != sarama.ErrNoError {
			err = errors.Join(err, block.Err)
		}
		positions[partition] = steps.Position{Offset: block.Offset, Metadata: block.Metadata}
	}
	return positions, err
}

func (c *client) OffsetForTime(topic string, partition int32, at time.Time) (int64, error) {
	inner, err := sarama.NewClient(c.brokers, settings())
	if err != nil {
		return 0, err
	}
	defer inner.Close()
	return inner.GetOffset(topic, partition, at.UnixMilli())
}

func (c *client) ReadFrom(topic string, partition int32, offset int64) (steps.Read, error) {
	inner, err := sarama.NewConsumer(c.brokers, settings())
	if err != nil {
		return steps.Read{}, err
	}
	defer inner.Close()
	reader, err := inner.ConsumePartition(topic, partition, offset)
	if err != nil {
		return steps.Read{}, err
	}
	defer reader.Close()
	select {
	case message := <-reader.Messages():
		return read(message), nil
	case <-time.After(limit):
		return steps.Read{}, fmt.Errorf("nothing at offset %d", offset)
	}
}

func (c *client) Topics() ([]string, error) {
	found, err := c.admin.ListTopics()
	var names []string
	for name := range found {
		names = append(names, name)
	}
	return names, err
}

func (c *client) PartitionsWithLeader(topic string) (int, error) {
	found, err := c.admin.DescribeTopics([]string{topic})
	led := 0
	for _, described := range found {
		for _, partition := range described.Partitions {
			if partition.Leader >= 0 && len(partition.Isr) == 1 {
				led++
			}
		}
	}
	return led, err
}

func (c *client) TopicConfig(topic string) (map[string]string, error) {
	found, err := c.admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})
	config := map[string]string{}
	for _, entry := range found {
		config[entry.Name] = entry.Value
	}
	return config, err
}

func (c *client) Groups() ([]string, error) {
	found, err := c.admin.ListConsumerGroups()
	var names []string
	for name := range found {
		names = append(names, name)
	}
	return names, err
}

func (c *client) DescribeGroup(group string) (steps.GroupDescription, error) {
	found, err := c.admin.DescribeConsumerGroups([]string{group})
	if err != nil || len(found) != 1 {
		return steps.GroupDescription{}, fmt.Errorf("%d descriptions: %w", len(found), err)
	}
	result := steps.GroupDescription{State: found[0].State}
	for _, member := range found[0].Members {
		result.Clients = append(result.Clients, member.ClientId)
		assignment, err := member.GetMemberAssignment()
		if err != nil {
			return result, err
		}
		for _, partitions := range assignment.Topics {
			result.Assigned += len(partitions)
		}
	}
	return result, nil
}

func (c *client) DeleteGroup(group string) error {
	return c.admin.DeleteConsumerGroup(group)
}

func (c *client) DeleteTopic(topic string) error {
	return c.admin.DeleteTopic(topic)
}

func main() {
	version := ""
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == "github.com/IBM/sarama" {
			version = dependency.Version
		}
	}
	steps.Run("sarama", version, open)
}
