// franz-go: the steps of ../README.md.
package main

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"klamm.test/steps"
)

const limit = 30 * time.Second

type client struct {
	bootstrap string
	admin     *kadm.Client
}

func open(bootstrap string) (steps.Client, error) {
	inner, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	return &client{bootstrap, kadm.NewClient(inner)}, err
}

func within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), limit)
}

func (c *client) CreateTopic(topic string, partitions int32, config map[string]string) error {
	ctx, cancel := within()
	defer cancel()
	values := map[string]*string{}
	for name, value := range config {
		values[name] = &value
	}
	_, err := c.admin.CreateTopic(ctx, partitions, 1, values, topic)
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return steps.ErrTopicExists
	}
	return err
}

func (c *client) Produce(topic string, records []steps.Record, codec string) (map[int32]int64, error) {
	codecs := map[string]kgo.CompressionCodec{"": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	// Idempotence and acks from all replicas are its defaults.
	inner, err := kgo.NewClient(kgo.SeedBrokers(c.bootstrap), kgo.ProducerLinger(20*time.Millisecond),
		kgo.ProducerBatchCompression(codecs[codec]), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, err
	}
	defer inner.Close()
	ctx, cancel := within()
	defer cancel()
	var sent []*kgo.Record
	for _, r := range records {
		sent = append(sent, &kgo.Record{Topic: topic, Partition: r.Partition, Key: r.Key,
			Value: r.Value, Timestamp: r.Time})
	}
	ends := map[int32]int64{}
	for _, result := range inner.ProduceSync(ctx, sent...) {
		if result.Err != nil {
			return nil, result.Err
		}
		ends[result.Record.Partition] = max(ends[result.Record.Partition], result.Record.Offset+1)
	}
	return ends, nil
}

type consumer struct {
	inner    *kgo.Client
	topic    string
	mutex    sync.Mutex
	assigned map[int32]bool
}

func (c *client) Join(group, topic, clientID string, autoCommit bool) (steps.Consumer, error) {
	joined := &consumer{topic: topic, assigned: map[int32]bool{}}
	change := func(has bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(ctx context.Context, inner *kgo.Client, changed map[string][]int32) {
			if !has && autoCommit {
				_ = inner.CommitUncommittedOffsets(ctx) // what it would do without this callback
			}
			joined.mutex.Lock()
			defer joined.mutex.Unlock()
			for _, partition := range changed[topic] {
				if has {
					joined.assigned[partition] = true
				} else {
					delete(joined.assigned, partition)
				}
			}
		}
	}
	options := []kgo.Opt{kgo.SeedBrokers(c.bootstrap), kgo.ClientID(clientID), kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.HeartbeatInterval(500 * time.Millisecond), kgo.OnPartitionsAssigned(change(true)),
		kgo.OnPartitionsRevoked(change(false)), kgo.OnPartitionsLost(change(false))}
	if !autoCommit {
		options = append(options, kgo.DisableAutoCommit())
	}
	var err error
	joined.inner, err = kgo.NewClient(options...)
	return joined, err
}

func (c *consumer) Poll() ([]steps.Read, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	fetches := c.inner.PollFetches(ctx)
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) {
			return nil, e.Err
		}
	}
	var reads []steps.Read
	fetches.EachRecord(func(r *kgo.Record) { reads = append(reads, read(r)) })
	return reads, nil
}

func read(r *kgo.Record) steps.Read {
	return steps.Read{Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp, Key: r.Key,
		Value: r.Value}
}

func (c *consumer) Assigned() []int32 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var assigned []int32
	for partition := range c.assigned {
		assigned = append(assigned, partition)
	}
	return assigned
}

// Commit puts the metadata, for which kgo has no argument, into the request on its way.
func (c *consumer) Commit(positions map[int32]steps.Position) error {
	ctx, cancel := within()
	defer cancel()
	offsets := map[string]map[int32]kgo.EpochOffset{c.topic: {}}
	for partition, position := range positions {
		offsets[c.topic][partition] = kgo.EpochOffset{Epoch: -1, Offset: position.Offset}
	}
	ctx = kgo.PreCommitFnContext(ctx, func(request *kmsg.OffsetCommitRequest) error {
		for _, topic := range request.Topics {
			for i := range topic.Partitions {
				partition := &topic.Partitions[i]
				metadata := positions[partition.Partition].Metadata
				partition.Metadata = &metadata
			}
		}
		return nil
	})
	var failure error
	c.inner.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest,
		response *kmsg.OffsetCommitResponse, err error) {
		failure = err
		for _, topic := range response.Topics {
			for _, partition := range topic.Partitions {
				failure = errors.Join(failure, kerr.ErrorForCode(partition.ErrorCode))
			}
		}
	})
	return failure
}

func (c *consumer) Close() error {
	c.inner.CloseAllowingRebalance()
	return nil
}

func (c *client) Committed(group, topic string) (map[int32]steps.Position, error) {
	ctx, cancel := within()
	defer cancel()
	found, err := c.admin.FetchOffsets(ctx, group)
	positions := map[int32]steps.Position{}
	for partition, offset := range found[topic] {
		err = errors.Join(err, offset.Err)
		positions[partition] = steps.Position{Offset: offset.At, Metadata: offset.Metadata}
	}
	return positions, err
}

func (c *client) OffsetForTime(topic string, partition int32, at time.Time) (int64, error) {
	ctx, cancel := within()
	defer cancel()
	listed, err := c.admin.ListOffsetsAfterMilli(ctx, at.UnixMilli(), topic)
	if err != nil {
		return 0, err
	}
	found, _ := listed.Lookup(topic, partition)
	if found.Timestamp == -1 {
		return -1, found.Err // kadm then answers with the end of the partition
	}
	return found.Offset, found.Err
}

func (c *client) ReadFrom(topic string, partition int32, offset int64) (steps.Read, error) {
	ctx, cancel := within()
	defer cancel()
	inner, err := kgo.NewClient(kgo.SeedBrokers(c.bootstrap), kgo.ConsumePartitions(
		map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(offset)}}))
	if err != nil {
		return steps.Read{}, err
	}
	defer inner.Close()
	fetches := inner.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		return steps.Read{}, err
	}
	return read(fetches.Records()[0]), nil
}

func (c *client) Topics() ([]string, error) {
	ctx, cancel := within()
	defer cancel()
	found, err := c.admin.ListTopics(ctx)
	return found.Names(), err
}

func (c *client) PartitionsWithLeader(topic string) (int, error) {
	ctx, cancel := within()
	defer cancel()
	found, err := c.admin.ListTopics(ctx, topic)
	led := 0
	for _, partition := range found[topic].Partitions {
		if partition.Leader >= 0 && len(partition.ISR) == 1 {
			led++
		}
	}
	return led, err
}

func (c *client) TopicConfig(topic string) (map[string]string, error) {
	ctx, cancel := within()
	defer cancel()
	found, err := c.admin.DescribeTopicConfigs(ctx, topic)
	config := map[string]string{}
	for _, resource := range found {
		err = errors.Join(err, resource.Err)
		for _, entry := range resource.Configs {
			config[entry.Key] = entry.MaybeValue()
		}
	}
	return config, err
}

func (c *client) Groups() ([]string, error) {
	ctx, cancel := within()
	defer cancel()
	found, err := c.admin.ListGroups(ctx)
	return found.Groups(), err
}

func (c *client) DescribeGroup(group string) (steps.GroupDescription, error) {
	ctx, cancel := within()
	defer cancel()
	found, err := c.admin.DescribeGroups(ctx, group)
	described := found[group]
	result := steps.GroupDescription{State: described.State}
	for _, member := range described.Members {
		result.Clients = append(result.Clients, member.ClientID)
		assigned, _ := member.Assigned.AsConsumer()
		for _, topic := range assigned.Topics {
			result.Assigned += len(topic.Partitions)
		}
	}
	return result, errors.Join(err, described.Err)
}

func (c *client) DeleteGroup(group string) error {
	ctx, cancel := within()
	defer cancel()
	_, err := c.admin.DeleteGroup(ctx, group)
	return err
}

func (c *client) DeleteTopic(topic string) error {
	ctx, cancel := within()
	defer cancel()
	_, err := c.admin.DeleteTopic(ctx, topic)
	return err
}

func main() {
	version := ""
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == "github.com/twmb/franz-go" {
			version = dependency.Version
		}
	}
	steps.Run("franz-go", version, open)
}
