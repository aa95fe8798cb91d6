// franz-go: transactions as an application sees them.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 2
	records    = 20
	limit      = 30 * time.Second
)

type kinds map[string]int

type work struct {
	bootstrap, prefix string
	admin             *kadm.Client
}

func within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), limit)
}

func (w *work) topic(name string) (string, error) {
	ctx, cancel := within()
	defer cancel()
	topic := w.prefix + "-" + name
	_, err := w.admin.CreateTopic(ctx, partitions, 1, nil, topic)
	return topic, err
}

func (w *work) producer(id string) (*kgo.Client, error) {
	return kgo.NewClient(kgo.SeedBrokers(w.bootstrap), kgo.TransactionalID(w.prefix+"-"+id),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

func send(to *kgo.Client, topic, kind string) error {
	ctx, cancel := within()
	defer cancel()
	var all []*kgo.Record
	for n := range records {
		all = append(all, &kgo.Record{Topic: topic, Partition: int32(n % partitions), Value: []byte(kind)})
	}
	return to.ProduceSync(ctx, all...).FirstErr()
}

func end(c *kgo.Client, how kgo.TransactionEndTry) error {
	ctx, cancel := within()
	defer cancel()
	return c.EndTransaction(ctx, how)
}

// read counts the records of each kind that are seen up to the end.
func (w *work) read(topic string, committed bool) (kinds, error) {
	ctx, cancel := within()
	defer cancel()
	level, list := kgo.ReadUncommitted(), w.admin.ListEndOffsets
	if committed {
		level, list = kgo.ReadCommitted(), w.admin.ListCommittedOffsets
	}
	ends, err := list(ctx, topic)
	if err != nil {
		return nil, err
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(w.bootstrap), kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(level), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.KeepControlRecords())
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	seen, left := kinds{}, map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("the end was not reached: %w", err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				seen[string(r.Value)]++
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return seen, nil
}

// expect waits for what is wanted: Apache Kafka may answer before all markers are written.
func (w *work) expect(topic string, committed bool, wanted kinds) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		seen, err := w.read(topic, committed)
		if err != nil || maps.Equal(seen, wanted) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("committed %v: %v, wanted %v", committed, seen, wanted)
		}
	}
}

func (w *work) commit() (string, error) {
	topic, err := w.topic("commit")
	if err != nil {
		return "", err
	}
	producer, err := w.producer("commit")
	if err != nil {
		return "", err
	}
	defer producer.Close()
	before := kinds{}
	for _, kind := range []string{"one", "two", "three"} {
		after := maps.Clone(before)
		after[kind] = records
		for _, step := range []func() error{
			producer.BeginTransaction,
			func() error { return send(producer, topic, kind) },
			func() error { return w.expect(topic, true, before) },
			func() error { return w.expect(topic, false, after) },
			func() error { return end(producer, kgo.TryCommit) },
			func() error { return w.expect(topic, true, after) },
		} {
			if err := step(); err != nil {
				return "", err
			}
		}
		before = after
	}
	return "3 transactions of 20 records", nil
}

func (w *work) abort() (string, error) {
	topic, err := w.topic("abort")
	if err != nil {
		return "", err
	}
	a, err := w.producer("abort-a")
	if err != nil {
		return "", err
	}
	defer a.Close()
	b, err := w.producer("abort-b")
	if err != nil {
		return "", err
	}
	defer b.Close()
	for range 3 {
		for _, step := range []func() error{
			a.BeginTransaction,
			b.BeginTransaction,
			func() error { return send(a, topic, "aborted") },
			func() error { return send(b, topic, "committed") },
			func() error { return end(a, kgo.TryAbort) },
			func() error { return end(b, kgo.TryCommit) },
		} {
			if err := step(); err != nil {
				return "", err
			}
		}
	}
	if err := w.expect(topic, true, kinds{"committed": 3 * records}); err != nil {
		return "", err
	}
	return "3 aborted beside 3 committed",
		w.expect(topic, false, kinds{"committed": 3 * records, "aborted": 3 * records})
}

// offsets consumes, processes and produces: outputs and offsets are one.
func (w *work) offsets() (string, error) {
	in, err := w.topic("in")
	if err != nil {
		return "", err
	}
	out, err := w.topic("out")
	if err != nil {
		return "", err
	}
	filler, err := w.producer("filler")
	if err != nil {
		return "", err
	}
	defer filler.Close()
	for _, step := range []func() error{
		filler.BeginTransaction,
		func() error { return send(filler, in, "in") },
		func() error { return end(filler, kgo.TryCommit) },
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	group := w.prefix + "-process"
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(w.bootstrap),
		kgo.TransactionalID(w.prefix+"-process"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(in), kgo.RequireStableFetchOffsets(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return "", err
	}
	defer session.Close()
	ctx, cancel := within()
	defer cancel()
	aborted := false
	for processed := 0; processed < records; {
		fetches := session.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return "", fmt.Errorf("only %d processed: %w", processed, err)
		}
		if fetches.NumRecords() == 0 {
			continue
		}
		if err := session.Begin(); err != nil {
			return "", err
		}
		var results []*kgo.Record
		fetches.EachRecord(func(r *kgo.Record) {
			results = append(results, &kgo.Record{Topic: out, Partition: r.Partition, Value: []byte("out")})
		})
		if err := session.ProduceSync(ctx, results...).FirstErr(); err != nil {
			return "", err
		}
		committed, err := session.End(ctx, kgo.TransactionEndTry(aborted))
		if err != nil {
			return "", err
		}
		if committed != aborted {
			return "", fmt.Errorf("the session committed: %v", committed)
		}
		if committed {
			processed += len(results)
		}
		aborted = true
	}
	at, err := w.admin.FetchOffsets(ctx, group)
	if err != nil {
		return "", err
	}
	if first, _ := at.Lookup(in, 0); first.At < records/partitions {
		return "", fmt.Errorf("committed at %d", first.At)
	}
	return "20 in, 20 out; the first try was aborted", w.expect(out, true, kinds{"out": records})
}

func (w *work) fencing() (string, error) {
	topic, err := w.topic("fencing")
	if err != nil {
		return "", err
	}
	old, err := w.producer("fencing")
	if err != nil {
		return "", err
	}
	defer old.Close()
	fresh, err := w.producer("fencing")
	if err != nil {
		return "", err
	}
	defer fresh.Close()
	for _, step := range []func() error{
		old.BeginTransaction,
		func() error { return send(old, topic, "old") },
		fresh.BeginTransaction,
		func() error { return send(fresh, topic, "fresh") },
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	if end(old, kgo.TryCommit) == nil {
		return "", fmt.Errorf("a fenced producer has committed")
	}
	if err := end(fresh, kgo.TryCommit); err != nil {
		return "", err
	}
	return "the older one was fenced and aborted", w.expect(topic, true, kinds{"fresh": records})
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/twmb/franz-go" {
				return module.Version
			}
		}
	}
	return "unknown"
}

func main() {
	inner, err := kgo.NewClient(kgo.SeedBrokers(os.Args[1]))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	w := &work{os.Args[1], os.Args[2], kadm.NewClient(inner)}
	fmt.Println("client franz-go", version())
	code := 0
	for _, step := range []struct {
		name string
		run  func() (string, error)
	}{{"commit", w.commit}, {"abort", w.abort}, {"offsets", w.offsets}, {"fencing", w.fencing}} {
		detail, err := step.run()
		outcome := "ok"
		if err != nil {
			code, outcome, detail = 1, "failed", strings.Join(strings.Fields(err.Error()), " ")
		}
		fmt.Println("step", step.name, outcome, detail)
	}
	os.Exit(code)
}
