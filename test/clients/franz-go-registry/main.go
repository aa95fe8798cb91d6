// franz-go's client of Confluent's registry (sr), and its Serde through the broker.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

const (
	first        = `{"type":"record","name":"Sighting","namespace":"gorge","fields":[{"name":"flight","type":"string"}]}`
	second       = `{"type":"record","name":"Sighting","namespace":"gorge","fields":[{"name":"flight","type":"string"},{"name":"height","type":"int","default":0}]}`
	incompatible = `{"type":"record","name":"Sighting","namespace":"gorge","fields":[{"name":"flight","type":"string"},{"name":"height","type":"int"}]}`
	limit        = 30 * time.Second
	all          = -2 // CheckCompatibility: against all versions that the level asks for
)

type work struct {
	bootstrap, prefix string
	registry          *sr.Client
}

func within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), limit)
}

func (w *work) subject(name string) string { return w.prefix + "/" + name + ":value" }

func expect(got, wanted any, what string) error {
	if !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("%s: %v, wanted %v", what, got, wanted)
	}
	return nil
}

// refused checks that an error is the registry's, with this status, code and text.
func refused(err error, status, code int, text string) error {
	var response *sr.ResponseError
	if !errors.As(err, &response) {
		return fmt.Errorf("wanted %d %d, got: %v", status, code, err)
	}
	return errors.Join(expect([]int{response.StatusCode, response.ErrorCode}, []int{status, code},
		response.Message), contains(response.Message, text))
}

func contains(text, part string) error {
	if !strings.Contains(text, part) {
		return fmt.Errorf("%q is not in: %s", part, text)
	}
	return nil
}

func (w *work) register() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("register")
	schema := sr.Schema{Schema: first}
	created, err := w.registry.CreateSchema(ctx, subject, schema)
	if err != nil {
		return "", err
	}
	again, err := w.registry.RegisterSchema(ctx, subject, schema, -1, 0)
	err = errors.Join(err, expect(again, created.ID, "a second time"),
		expect(created.Version, 1, "version"))
	looked, err2 := w.registry.LookupSchema(ctx, subject, schema)
	err = errors.Join(err, err2, expect(looked.ID, created.ID, "looked up"))
	text, err2 := w.registry.SchemaTextByID(ctx, created.ID)
	err = errors.Join(err, err2, expect(text, first, "the text"))
	byVersion, err2 := w.registry.SchemaTextByVersion(ctx, subject, -1)
	err = errors.Join(err, err2, expect(byVersion, first, "the text of the latest"))
	byGUID, err2 := w.registry.SchemaByGUID(ctx, looked.GUID)
	err = errors.Join(err, err2, expect(byGUID.Schema.Schema, first, "the text by guid"))
	ids, err2 := w.registry.SchemaIDsByGUID(ctx, looked.GUID)
	if !slices.Contains(ids, sr.ContextID{Context: ".", ID: created.ID}) {
		err = errors.Join(err, err2, fmt.Errorf("ids of the guid: %v", ids))
	}
	types, err2 := w.registry.SupportedTypes(ctx)
	err = errors.Join(err, err2, expect(len(types), 3, "types"))
	subjects, err2 := w.registry.SubjectsByID(ctx, created.ID)
	if !slices.Contains(subjects, subject) {
		err = errors.Join(err, err2, fmt.Errorf("subjects of the id: %v", subjects))
	}
	usages, err2 := w.registry.SchemaVersionsByID(ctx, created.ID)
	if !slices.Contains(usages, sr.SubjectVersion{Subject: subject, Version: 1}) {
		err = errors.Join(err, err2, fmt.Errorf("versions of the id: %v", usages))
	}
	// GET /schemas, which some registries lack.
	every, err2 := w.registry.AllSchemas(ctx)
	if !slices.ContainsFunc(every, func(s sr.SubjectSchema) bool { return s.Subject == subject }) {
		err = errors.Join(err, err2, fmt.Errorf("not among all %d schemas", len(every)))
	}
	return fmt.Sprintf("id %d, among %d schemas", created.ID, len(every)), err
}

func (w *work) evolve() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("evolve")
	one, err := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: first})
	for _, version := range []int{all, -1, 1} {
		result, err2 := w.registry.CheckCompatibility(ctx, subject, version, sr.Schema{Schema: second})
		err = errors.Join(err, err2, expect(result.Is, true, "compatible"))
	}
	two, err2 := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: second})
	versions, err3 := w.registry.SubjectVersions(ctx, subject)
	latest, err4 := w.registry.SchemaByVersion(ctx, subject, -1)
	return fmt.Sprintf("ids %d and %d", one.ID, two.ID), errors.Join(err, err2, err3, err4,
		expect(versions, []int{1, 2}, "versions"), expect(latest.ID, two.ID, "latest"))
}

func (w *work) refuse() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("refuse")
	_, none := w.registry.SubjectVersions(ctx, subject)
	err := refused(none, 404, 40401, "Subject '"+subject+"' not found.")
	_, err2 := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: first})
	verbose, err3 := w.registry.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), subject, -1,
		sr.Schema{Schema: incompatible})
	_, broken := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: `{"type":"recor"}`})
	_, refusal := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: incompatible})
	err = errors.Join(err, err2, err3, expect(verbose.Is, false, "compatible"),
		contains(strings.Join(verbose.Messages, " "), "READER_FIELD_MISSING_DEFAULT_VALUE"),
		refused(broken, 422, 42201, ""), refused(refusal, 409, 409, "'height'"))
	return fmt.Sprint(refusal), err
}

func (w *work) contract() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("contract")
	schema := sr.Schema{Schema: second,
		SchemaMetadata: &sr.SchemaMetadata{Properties: map[string]string{"owner": "hydrology"}},
		SchemaRuleSet: &sr.SchemaRuleSet{DomainRules: []sr.SchemaRule{{Name: "tall",
			Kind: sr.SchemaRuleKindCondition, Mode: sr.SchemaRuleModeWrite, Type: "CEL",
			Expr: "message.height < 600"}}}}
	created, err := w.registry.CreateSchema(ctx, subject, schema)
	plain, err2 := w.registry.CreateSchema(ctx, subject+"-2", sr.Schema{Schema: second})
	back, err3 := w.registry.SchemaByID(ctx, created.ID)
	if err = errors.Join(err, err2, err3); err != nil {
		return "", err
	}
	if back.SchemaMetadata == nil || back.SchemaRuleSet == nil || plain.ID == created.ID {
		return "", fmt.Errorf("id %d without metadata, id %d: %+v", plain.ID, created.ID, back)
	}
	return fmt.Sprintf("id %d, without metadata %d", created.ID, plain.ID), errors.Join(
		expect(back.SchemaMetadata.Properties["owner"], "hydrology", "metadata"),
		expect(back.SchemaRuleSet.DomainRules[0].Expr, "message.height < 600", "rule"))
}

func (w *work) config() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("config")
	own := w.registry.Compatibility(sr.WithParams(ctx, sr.DefaultToGlobal), subject)[0]
	set := w.registry.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive}, subject)[0]
	got := w.registry.Compatibility(ctx, subject)[0]
	reset := w.registry.ResetCompatibility(ctx, subject)[0]
	none := w.registry.Compatibility(ctx, subject)[0]
	return fmt.Sprint(none.Err), errors.Join(own.Err, set.Err, got.Err, reset.Err,
		expect(own.Level, sr.CompatBackward, "by default"),
		expect(got.Level, sr.CompatFullTransitive, "as set"), refused(none.Err, 404, 40408, ""))
}

func (w *work) mode() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("mode")
	set := w.registry.SetMode(ctx, sr.ModeReadOnly, subject)[0]
	got := w.registry.Mode(ctx, subject)[0]
	_, refusal := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: first})
	imports := w.registry.SetMode(ctx, sr.ModeImport, subject)[0]
	imported, err := w.registry.CreateSchemaWithIDAndVersion(ctx, subject, sr.Schema{Schema: first}, 880088, 8)
	reset := w.registry.ResetMode(ctx, subject)[0]
	return fmt.Sprint(refusal), errors.Join(set.Err, got.Err, imports.Err, reset.Err, err,
		expect(got.Mode, sr.ModeReadOnly, "mode"), refused(refusal, 422, 42205, ""),
		expect([]int{imported.ID, imported.Version}, []int{880088, 8}, "imported"))
}

func (w *work) contexts() (string, error) {
	ctx, cancel := within()
	defer cancel()
	name := "." + w.prefix
	subject := ":" + name + ":sighting"
	id, err := w.registry.RegisterSchema(ctx, subject, sr.Schema{Schema: first}, -1, 0)
	listed, err2 := w.registry.Contexts(ctx)
	if !slices.Contains(listed, name) || !slices.Contains(listed, ".") {
		err2 = errors.Join(err2, fmt.Errorf("contexts %v", listed))
	}
	full := w.registry.DeleteContext(ctx, name)
	_, err3 := w.registry.DeleteSubject(ctx, subject, sr.SoftDelete)
	_, err4 := w.registry.DeleteSubject(ctx, subject, sr.HardDelete)
	return fmt.Sprint(full), errors.Join(err, err2, err3, err4, expect(id, 1, "first id"),
		refused(full, 422, 42211, ""), w.registry.DeleteContext(ctx, name))
}

func (w *work) delete() (string, error) {
	ctx, cancel := within()
	defer cancel()
	subject := w.subject("delete")
	_, err := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: first})
	two, err2 := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: second})
	early := w.registry.DeleteSchema(ctx, subject, 2, sr.HardDelete)
	err3 := w.registry.DeleteSchema(ctx, subject, 2, sr.SoftDelete)
	err = errors.Join(err, err2, err3, refused(early, 404, 40407, ""))
	left, err2 := w.registry.SubjectVersions(ctx, subject)
	shown, err3 := w.registry.SubjectVersions(sr.WithParams(ctx, sr.ShowDeleted), subject)
	text, err4 := w.registry.SchemaTextByID(ctx, two.ID)
	err = errors.Join(err, err2, err3, err4, expect(left, []int{1}, "left"),
		expect(shown, []int{1, 2}, "with deleted ones"), expect(text, second, "the text of the id"))
	again, err2 := w.registry.CreateSchema(ctx, subject, sr.Schema{Schema: second})
	err = errors.Join(err, err2,
		expect([]int{again.ID, again.Version}, []int{two.ID, 3}, "registered again"))
	gone, err2 := w.registry.DeleteSubject(ctx, subject, sr.SoftDelete)
	_, err3 = w.registry.DeleteSubject(ctx, subject, sr.HardDelete)
	_, none := w.registry.SubjectVersions(ctx, subject)
	return "version 2 became 3", errors.Join(err, err2, err3, expect(gone, []int{1, 3}, "deleted"),
		refused(none, 404, 40401, "Subject '"+subject+"' not found."))
}

// through sends one value through a topic and gives back the bytes that were read.
func (w *work) through(topic string, value []byte) ([]byte, error) {
	ctx, cancel := within()
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.bootstrap), kgo.ConsumeTopics(topic))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 1, 1, nil, topic); err != nil {
		return nil, err
	}
	if err := client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: value}).FirstErr(); err != nil {
		return nil, err
	}
	fetches := client.PollFetches(ctx)
	if records := fetches.Records(); len(records) == 1 {
		return records[0].Value, fetches.Err()
	}
	return nil, errors.Join(fetches.Err(), fmt.Errorf("%d records", fetches.NumRecords()))
}

type sighting struct{ Flight string }

// An Avro record of one string: its length as a zigzag varint, then its bytes.
func encode(value any) ([]byte, error) {
	flight := value.(*sighting).Flight
	return append([]byte{byte(len(flight) << 1)}, flight...), nil
}

func decode(data []byte, value any) error {
	value.(*sighting).Flight = string(data[1:])
	return nil
}

func (w *work) serde(name string, schema sr.Schema, index []int, prefix int) (string, error) {
	ctx, cancel := within()
	defer cancel()
	topic := w.prefix + "-" + name
	created, err := w.registry.CreateSchema(ctx, topic+"-value", schema)
	if err != nil {
		return "", err
	}
	options := []sr.EncodingOpt{sr.EncodeFn(encode), sr.DecodeFn(decode),
		sr.GenerateFn(func() any { return new(sighting) })}
	if index != nil {
		options = append(options, sr.Index(index...))
	}
	serde := sr.NewSerde()
	serde.Register(created.ID, &sighting{}, options...)
	data, err := serde.Encode(&sighting{"KL 1"})
	if err != nil {
		return "", err
	}
	read, err := w.through(topic, data)
	if err != nil {
		return "", err
	}
	id, _, err := serde.DecodeID(read)
	value, err2 := serde.DecodeNew(read)
	return fmt.Sprintf("id %d, %d bytes before the value", id, prefix), errors.Join(err, err2,
		expect(id, created.ID, "id"), expect(value, &sighting{"KL 1"}, "read"),
		expect(len(read)-len("\x08KL 1"), prefix, "bytes before the value"))
}

func (w *work) avro() (string, error) {
	return w.serde("avro", sr.Schema{Schema: first}, nil, 5)
}

// The functions above write what a Protobuf field of bytes holds; the Serde writes the indexes.
func (w *work) protobuf() (string, error) {
	return w.serde("protobuf", sr.Schema{Type: sr.TypeProtobuf, Schema: `syntax = "proto3";
package gorge;
message Place { string name = 1; }
message Flight { message Leg { string flight = 1; } }
`}, []int{1, 0}, 8)
}

func main() {
	bootstrap, prefix, url := os.Args[1], os.Args[2], os.Args[3]
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/twmb/franz-go/pkg/sr" {
			fmt.Println("client franz-go/sr", module.Version)
		}
	}
	registry, err := sr.NewClient(sr.URLs(url))
	if err != nil {
		panic(err)
	}
	w := &work{bootstrap, prefix, registry}
	failed := false
	for _, step := range []struct {
		name string
		run  func() (string, error)
	}{{"register", w.register}, {"evolve", w.evolve}, {"refuse", w.refuse},
		{"contract", w.contract}, {"config", w.config}, {"mode", w.mode},
		{"contexts", w.contexts}, {"delete", w.delete}, {"avro", w.avro},
		{"protobuf", w.protobuf}} {
		detail, err := step.run()
		outcome := "ok"
		if err != nil {
			outcome, detail, failed = "failed", err.Error(), true
		}
		fmt.Println("step", step.name, outcome, strings.Join(strings.Fields(detail), " "))
	}
	if failed {
		os.Exit(1)
	}
}
