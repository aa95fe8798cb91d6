// Package steps is the work that every client does and the lines that say how it went, for
// clients in Go. A client implements Client and Consumer; Run takes it through the steps of
// ../../README.md. Records are numbered; number, key, value, partition and timestamp follow from
// each other, so that what arrives can be judged without a copy of what was sent.
package steps

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	partitions      = 4
	recordsPerCodec = 250
	recordsTogether = 200
	leftToResume    = 5 // in each partition
	wait            = 30 * time.Second
)

// Record is one to be produced; Read is one that was consumed.
type Record struct {
	Number    int
	Partition int32
	Time      time.Time
	Key       []byte
	Value     []byte
}

type Read struct {
	Partition int32
	Offset    int64
	Time      time.Time
	Key       []byte
	Value     []byte
}

type Position struct {
	Offset   int64
	Metadata string
}

type GroupDescription struct {
	State    string
	Clients  []string
	Assigned int
}

// ErrTopicExists is what CreateTopic returns when the broker says so.
var ErrTopicExists = errors.New("topic exists")

type Client interface {
	CreateTopic(topic string, partitions int32, config map[string]string) error
	// Produce is idempotent, with acks=all; codec "" is none. It returns the offset after the
	// last record of each partition.
	Produce(topic string, records []Record, codec string) (map[int32]int64, error)
	Join(group, topic, clientID string, autoCommit bool) (Consumer, error)
	Committed(group, topic string) (map[int32]Position, error)
	// OffsetForTime returns -1 when no record is that young.
	OffsetForTime(topic string, partition int32, at time.Time) (int64, error)
	ReadFrom(topic string, partition int32, offset int64) (Read, error)
	Topics() ([]string, error)
	PartitionsWithLeader(topic string) (int, error)
	TopicConfig(topic string) (map[string]string, error)
	Groups() ([]string, error)
	DescribeGroup(group string) (GroupDescription, error)
	DeleteGroup(group string) error
	DeleteTopic(topic string) error
}

type Consumer interface {
	Poll() ([]Read, error) // what came within a moment
	Assigned() []int32
	Commit(map[int32]Position) error
	Close() error
}

type work struct {
	client       Client
	topic, group string
	base         time.Time
	count        int
}

func (w *work) record(number int) Record {
	return Record{number, int32(number % partitions),
		w.base.Add(time.Duration(number) * 10 * time.Millisecond),
		fmt.Appendf(nil, "key-%d", number%17),
		fmt.Appendf(nil, "%06d %s", number, strings.Repeat("through the gorge ", 8))}
}

func (w *work) end(partition int32) int64 {
	return int64((w.count - int(partition) + partitions - 1) / partitions)
}

// number returns the number of a record that was read: it must be what was sent, where it was sent.
func (w *work) number(read Read) (int, error) {
	var number int
	if _, err := fmt.Sscanf(string(read.Value), "%06d ", &number); err != nil {
		return 0, fmt.Errorf("value %q: %w", read.Value, err)
	}
	sent := w.record(number)
	if read.Partition != sent.Partition || read.Offset != int64(number/partitions) ||
		!read.Time.Equal(sent.Time) || !bytes.Equal(read.Key, sent.Key) ||
		!bytes.Equal(read.Value, sent.Value) {
		return 0, fmt.Errorf("record %d came back as %v", number, read)
	}
	return number, nil
}

func waitUntil(what string, condition func() (bool, error)) error {
	for deadline := time.Now().Add(wait); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if done, err := condition(); err != nil || done {
			return err
		}
	}
	return fmt.Errorf("after %v: %s", wait, what)
}

func (w *work) create() (string, error) {
	config := map[string]string{"retention.ms": "-1"}
	if err := w.client.CreateTopic(w.topic, partitions, config); err != nil {
		return "", err
	}
	if err := w.client.CreateTopic(w.topic, partitions, config); !errors.Is(err, ErrTopicExists) {
		return "", fmt.Errorf("a second time: %v", err)
	}
	return fmt.Sprintf("%d partitions; a second time refused", partitions), nil
}

func (w *work) produce(count int, codec string) (string, error) {
	var records []Record
	for range count {
		records = append(records, w.record(w.count))
		w.count++
	}
	ends, err := w.client.Produce(w.topic, records, codec)
	if err != nil {
		return "", err
	}
	for p := range int32(partitions) {
		if ends[p] != w.end(p) {
			return "", fmt.Errorf("partition %d ends at %d, wanted %d", p, ends[p], w.end(p))
		}
	}
	return fmt.Sprintf("%d records", count), nil
}

// member reads in a goroutine of its own until it is told to leave.
type member struct {
	mutex    sync.Mutex
	numbers  map[int]bool
	assigned []int32
	err      error
	leaving  chan struct{}
	left     chan struct{}
	once     sync.Once
}

func (w *work) join() *member {
	m := &member{numbers: map[int]bool{}, leaving: make(chan struct{}), left: make(chan struct{})}
	go func() {
		defer close(m.left)
		err := w.readUntilLeaving(m)
		m.mutex.Lock()
		m.err = err
		m.mutex.Unlock()
	}()
	return m
}

func (w *work) readUntilLeaving(m *member) error {
	consumer, err := w.client.Join(w.group, w.topic, "steps", true)
	if err != nil {
		return err
	}
	for {
		select {
		case <-m.leaving:
			return consumer.Close()
		default:
		}
		reads, err := consumer.Poll()
		if err != nil {
			return err
		}
		assigned := consumer.Assigned()
		m.mutex.Lock()
		for _, read := range reads {
			number, err := w.number(read)
			if err != nil {
				m.mutex.Unlock()
				return err
			}
			m.numbers[number] = true
		}
		m.assigned = assigned
		m.mutex.Unlock()
	}
}

func (m *member) leave() error {
	m.once.Do(func() { close(m.leaving) })
	select {
	case <-m.left:
		return m.err
	case <-time.After(wait):
		return errors.New("a member did not leave")
	}
}

func (m *member) seen() (map[int]bool, []int32, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return maps.Clone(m.numbers), m.assigned, m.err
}

// groupStep: one member, a second one joins, both read, the second one leaves, the first reads on.
func (w *work) groupStep() (string, error) {
	first, second := w.join(), (*member)(nil)
	defer first.once.Do(func() { close(first.leaving) })
	allRead := func() (bool, error) {
		numbers, _, err := first.seen()
		if second != nil && err == nil {
			var more map[int]bool
			more, _, err = second.seen()
			maps.Copy(numbers, more)
		}
		return len(numbers) == w.count, err
	}
	hasAll := func() (bool, error) {
		_, assigned, err := first.seen()
		return len(assigned) == partitions, err
	}
	if err := errors.Join(waitUntil("the first member has not read all", allRead),
		waitUntil("the only member lacks partitions", hasAll)); err != nil {
		return "", err
	}

	second = w.join()
	defer second.once.Do(func() { close(second.leaving) })
	if err := waitUntil("two members do not share the partitions", func() (bool, error) {
		_, one, err := first.seen()
		_, two, err2 := second.seen()
		both := append(slices.Clone(one), two...)
		slices.Sort(both)
		return len(one) > 0 && len(two) > 0 && slices.Equal(both, []int32{0, 1, 2, 3}),
			errors.Join(err, err2)
	}); err != nil {
		return "", err
	}
	before, _, _ := first.seen()
	var byFirst, bySecond int
	// A client may still deliver what it was fetching when it gave partitions away, so that one
	// round may go to one member alone.
	if err := waitUntil("only one of two members reads", func() (bool, error) {
		if _, err := w.produce(recordsTogether, ""); err != nil {
			return false, err
		}
		if err := waitUntil("two members have not read all", allRead); err != nil {
			return false, err
		}
		after, _, _ := first.seen()
		read, _, _ := second.seen()
		byFirst, bySecond = len(after)-len(before), len(read)
		return byFirst > 0 && bySecond > 0, nil
	}); err != nil {
		return "", err
	}

	if err := second.leave(); err != nil {
		return "", err
	}
	if err := waitUntil("the first did not get all back", hasAll); err != nil {
		return "", err
	}
	if _, err := w.produce(recordsTogether, ""); err != nil {
		return "", err
	}
	if err := waitUntil("not all was read after the second left", allRead); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d records; together %d + %d", w.count, byFirst, bySecond), first.leave()
}

// assigned joins the group and waits for all partitions.
func (w *work) assigned(clientID string) (Consumer, error) {
	consumer, err := w.client.Join(w.group, w.topic, clientID, false)
	if err != nil {
		return nil, err
	}
	return consumer, waitUntil("no partitions", func() (bool, error) {
		_, err := consumer.Poll()
		return len(consumer.Assigned()) == partitions, err
	})
}

// commit commits short of the end; another consumer goes on exactly there.
func (w *work) commit() (string, error) {
	consumer, err := w.assigned("steps")
	if err != nil {
		return "", err
	}
	positions := map[int32]Position{}
	for p := range int32(partitions) {
		positions[p] = Position{w.end(p) - leftToResume, fmt.Sprintf("left at %d", p)}
	}
	if err := errors.Join(consumer.Commit(positions), consumer.Close()); err != nil {
		return "", err
	}
	if found, err := w.client.Committed(w.group, w.topic); err != nil || !maps.Equal(found, positions) {
		return "", fmt.Errorf("committed is %v, wanted %v: %v", found, positions, err)
	}
	if consumer, err = w.client.Join(w.group, w.topic, "steps", false); err != nil {
		return "", err
	}
	numbers := map[int]bool{}
	if err := waitUntil("the rest did not arrive", func() (bool, error) {
		reads, err := consumer.Poll()
		for _, read := range reads {
			number, err := w.number(read)
			if err != nil {
				return false, err
			}
			if number < w.count-leftToResume*partitions {
				return false, fmt.Errorf("resumed at %d", number)
			}
			numbers[number] = true
		}
		return len(numbers) == leftToResume*partitions, err
	}); err != nil {
		return "", err
	}
	return fmt.Sprintf("resumed with %d records", len(numbers)), consumer.Close()
}

func (w *work) times() (string, error) {
	record := w.record(recordsPerCodec*2 + 1)
	offset, err := w.client.OffsetForTime(w.topic, record.Partition,
		record.Time.Add(-5*time.Millisecond))
	if err != nil || offset != int64(record.Number/partitions) {
		return "", fmt.Errorf("offset %d for record %d: %v", offset, record.Number, err)
	}
	late, err := w.client.OffsetForTime(w.topic, record.Partition, w.record(w.count).Time)
	if err != nil || late != -1 {
		return "", fmt.Errorf("offset %d after the last record: %v", late, err)
	}
	read, err := w.client.ReadFrom(w.topic, record.Partition, offset)
	if err != nil {
		return "", err
	}
	if number, err := w.number(read); err != nil || number != record.Number {
		return "", fmt.Errorf("record %d instead of %d: %v", number, record.Number, err)
	}
	return fmt.Sprintf("offset %d", offset), nil
}

func (w *work) list() (string, error) {
	topics, err := w.client.Topics()
	if err != nil || !slices.Contains(topics, w.topic) {
		return "", fmt.Errorf("topics %v: %v", topics, err)
	}
	led, err := w.client.PartitionsWithLeader(w.topic)
	if err != nil || led != partitions {
		return "", fmt.Errorf("%d partitions with a leader: %v", led, err)
	}
	config, err := w.client.TopicConfig(w.topic)
	if err != nil || config["retention.ms"] != "-1" {
		return "", fmt.Errorf("settings %v: %v", config, err)
	}
	groups, err := w.client.Groups()
	if err != nil || !slices.Contains(groups, w.group) {
		return "", fmt.Errorf("groups %v: %v", groups, err)
	}
	consumer, err := w.assigned("described")
	if err != nil {
		return "", err
	}
	group, err := w.client.DescribeGroup(w.group)
	if err != nil || group.State != "Stable" || !slices.Equal(group.Clients, []string{"described"}) ||
		group.Assigned != partitions {
		return "", fmt.Errorf("group %v: %v", group, err)
	}
	return fmt.Sprintf("%d settings; group stable with 1 member", len(config)), consumer.Close()
}

func (w *work) delete() (string, error) {
	if err := w.client.DeleteGroup(w.group); err != nil {
		return "", err
	}
	if groups, err := w.client.Groups(); err != nil || slices.Contains(groups, w.group) {
		return "", fmt.Errorf("groups %v: %v", groups, err)
	}
	if err := w.client.DeleteTopic(w.topic); err != nil {
		return "", err
	}
	return "topic and group", waitUntil("the topic is still listed", func() (bool, error) {
		topics, err := w.client.Topics()
		return !slices.Contains(topics, w.topic), err
	})
}

// Run is the program of a client: BOOTSTRAP PREFIX.
func Run(name, version string, open func(bootstrap string) (Client, error)) {
	fmt.Printf("client %s %s\n", name, version)
	client, err := open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w := &work{client: client, topic: os.Args[2] + "-work", group: os.Args[2] + "-group",
		base: time.UnixMilli(time.Now().Add(-time.Hour).UnixMilli())}
	failed := false
	step := func(name string, function func() (string, error)) {
		detail, err := function()
		if err != nil {
			failed = true
			detail = strings.Join(strings.Fields(err.Error()), " ")
			fmt.Printf("step %s failed %s\n", name, detail)
			return
		}
		fmt.Printf("step %s ok %s\n", name, detail)
	}
	step("create", w.create)
	for _, codec := range []string{"gzip", "snappy", "lz4", "zstd"} {
		step(codec, func() (string, error) { return w.produce(recordsPerCodec, codec) })
	}
	step("group", w.groupStep)
	step("commit", w.commit)
	step("times", w.times)
	step("list", w.list)
	step("delete", w.delete)
	if failed {
		os.Exit(1)
	}
}
