// The work that every client does and the lines that say how it went, for clients in JavaScript.
//
// A client is an object with the functions that are called on `client` below; run() takes it
// through the steps of ../README.md. Records are numbered; number, key, value, partition and
// timestamp follow from each other, so that what arrives can be judged without a copy of what was
// sent.

const PARTITIONS = 4
const RECORDS_PER_CODEC = 250
const RECORDS_TOGETHER = 200
const LEFT_TO_RESUME = 5 // in each partition
const WAIT_MS = 30_000

export function expect(condition, message) {
  if (!condition) throw new Error(message)
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

export async function waitUntil(condition, what) {
  const deadline = Date.now() + WAIT_MS
  while (!(await condition())) {
    expect(Date.now() < deadline, `after ${WAIT_MS} ms: ${what}`)
    await sleep(20)
  }
}

class Work {
  constructor(client, prefix) {
    this.client = client
    this.topic = `${prefix}-work`
    this.group = `${prefix}-group`
    this.baseMs = Date.now() - 3_600_000
    this.count = 0
  }

  record(number) {
    return {
      number,
      partition: number % PARTITIONS,
      timestampMs: this.baseMs + number * 10,
      key: `key-${number % 17}`,
      value: `${String(number).padStart(6, '0')} ${'through the gorge '.repeat(8)}`
    }
  }

  end(partition) {
    return Math.floor((this.count - partition + PARTITIONS - 1) / PARTITIONS)
  }

  // The number of a record that was read: it must be what was sent, where it was sent.
  number(read) {
    const sent = this.record(Number(read.value.slice(0, 6)))
    const same = ['partition', 'timestampMs', 'key', 'value'].every(f => read[f] === sent[f])
    expect(same && read.offset === Math.floor(sent.number / PARTITIONS),
      `record ${sent.number} came back as ${JSON.stringify(read)}`)
    return sent.number
  }

  async create() {
    const config = { 'retention.ms': '-1' }
    expect(await this.client.createTopic(this.topic, PARTITIONS, config), 'the topic exists')
    expect(!(await this.client.createTopic(this.topic, PARTITIONS, config)), 'created twice')
    return `${PARTITIONS} partitions; a second time refused`
  }

  async produce(count, codec) {
    const records = Array.from({ length: count }, () => this.record(this.count++))
    const ends = await this.client.produce(this.topic, records, codec)
    for (let p = 0; p < PARTITIONS; p++) {
      expect(ends[p] === this.end(p), `partition ${p} ends at ${ends[p]}, not ${this.end(p)}`)
    }
    return `${count} records`
  }

  // Joins the group; what arrives is collected in `numbers`, what goes wrong in `error`.
  async join(clientId, autoCommit) {
    const member = { numbers: new Set(), error: null }
    const onRead = read => {
      try {
        member.numbers.add(this.number(read))
      } catch (error) {
        member.error ??= error
      }
    }
    const onError = error => { member.error ??= error }
    member.consumer = await this.client.join(this.group, this.topic,
      { clientId, autoCommit, onRead, onError })
    member.assigned = () => member.consumer.assigned()
    member.leave = () => {
      member.left ??= member.consumer.leave()
      return member.left
    }
    return member
  }

  async groupStep() {
    const members = []
    try {
      return await this.groupStory(members)
    } finally {
      for (const member of members) await member.leave()
    }
  }

  // One member, a second one joins, both read, the second one leaves, the first reads on.
  async groupStory(members) {
    const wait = (condition, what) => waitUntil(() => {
      for (const { error } of members) if (error) throw error
      return condition()
    }, what)
    const allRead = () => new Set(members.flatMap(m => [...m.numbers])).size === this.count
    const first = await this.join('steps', true)
    members.push(first)
    await wait(allRead, 'the first member has not read all')
    await wait(() => first.assigned().length === PARTITIONS, 'the only member lacks partitions')

    const second = await this.join('steps', true)
    members.push(second)
    await wait(() => first.assigned().length > 0 && second.assigned().length > 0 &&
      [...first.assigned(), ...second.assigned()].sort().join() === '0,1,2,3',
    'two members do not share the partitions')
    const before = first.numbers.size
    const byFirst = () => first.numbers.size - before
    const bySecond = () => second.numbers.size
    // A client may still deliver what it was fetching when it gave partitions away, so that one
    // round may go to one member alone.
    await waitUntil(async () => {
      await this.produce(RECORDS_TOGETHER, 'none')
      await wait(allRead, 'two members have not read all')
      return byFirst() > 0 && bySecond() > 0
    }, 'only one of two members reads')
    const together = `${byFirst()} + ${bySecond()}`

    await second.leave()
    await wait(() => first.assigned().length === PARTITIONS, 'the first did not get all back')
    await this.produce(RECORDS_TOGETHER, 'none')
    await wait(allRead, 'not all was read after the second left')
    await first.leave()
    return `${this.count} records; together ${together}`
  }

  // Commits short of the end; another consumer goes on exactly there.
  async commit() {
    const positions = {}
    for (let p = 0; p < PARTITIONS; p++) {
      positions[p] = { offset: this.end(p) - LEFT_TO_RESUME, metadata: `left at ${p}` }
    }
    const committer = await this.join('steps', false)
    await waitUntil(() => committer.assigned().length === PARTITIONS, 'no partitions')
    await committer.consumer.commit(positions)
    await committer.leave()
    const committed = await this.client.committed(this.group, this.topic, PARTITIONS)
    for (let p = 0; p < PARTITIONS; p++) {
      const { offset, metadata } = committed[p]
      expect(offset === positions[p].offset && (metadata ?? positions[p].metadata) ===
        positions[p].metadata, `partition ${p} is committed at ${offset} with ${metadata}`)
    }
    const resumer = await this.join('steps', false)
    const resumed = this.count - LEFT_TO_RESUME * PARTITIONS
    await waitUntil(() => resumer.error || resumer.numbers.size >= this.count - resumed,
      'the rest did not arrive')
    await resumer.leave()
    if (resumer.error) throw resumer.error
    expect(Math.min(...resumer.numbers) === resumed, `resumed at ${Math.min(...resumer.numbers)}`)
    return `resumed with ${resumer.numbers.size} records`
  }

  async times() {
    const record = this.record(RECORDS_PER_CODEC * 2 + 1)
    const ask = ms => this.client.offsetForTime(this.topic, record.partition, ms)
    const offset = await ask(record.timestampMs - 5)
    expect(offset === Math.floor(record.number / PARTITIONS), `offset ${offset}`)
    const late = await ask(this.record(this.count).timestampMs)
    expect(late === null, `offset ${late} after the last record`)
    const read = await this.client.readFrom(this.topic, record.partition, offset)
    expect(this.number(read) === record.number, `record ${this.number(read)}`)
    return `offset ${offset}`
  }

  async list() {
    const { client, topic, group } = this
    expect((await client.topics()).includes(topic), 'the topic is not listed')
    const led = await client.partitionsWithLeader(topic)
    expect(led === PARTITIONS, `${led} partitions with a leader`)
    const config = await client.topicConfig(topic)
    expect(config['retention.ms'] === '-1', `settings ${JSON.stringify(config)}`)
    expect((await client.groups()).includes(group), 'the group is not listed')
    const member = await this.join('described', false)
    await waitUntil(() => member.assigned().length === PARTITIONS, 'no partitions')
    const described = JSON.stringify(await client.describeGroup(group))
    expect(described === JSON.stringify(['STABLE', ['described'], PARTITIONS]), described)
    await member.leave()
    return `${Object.keys(config).length} settings; group stable with 1 member`
  }

  async delete() {
    const { client, topic, group } = this
    await client.deleteGroup(group)
    expect(!(await client.groups()).includes(group), 'the group is still listed')
    await client.deleteTopic(topic)
    await waitUntil(async () => !(await client.topics()).includes(topic), 'still listed')
    return 'topic and group'
  }
}

// Runs all steps ([name, action], ...), also after one failed, and ends the program.
export async function runSteps(steps) {
  let failed = false
  for (const [name, action] of steps) {
    try {
      console.log(`step ${name} ok ${String(await action()).replace(/\s+/g, ' ')}`)
    } catch (error) {
      failed = true
      console.error(error)
      console.log(`step ${name} failed ${String(error).replace(/\s+/g, ' ')}`)
    }
  }
  process.exit(failed ? 1 : 0)
}

// The program of a client: BOOTSTRAP PREFIX.
export async function run(name, version, makeClient) {
  const [bootstrap, prefix] = process.argv.slice(2)
  console.log(`client ${name} ${version}`)
  const work = new Work(await makeClient(bootstrap), prefix)
  await runSteps([
    ['create', () => work.create()],
    ...['gzip', 'snappy', 'lz4', 'zstd'].map(codec =>
      [codec, () => work.produce(RECORDS_PER_CODEC, codec)]),
    ['group', () => work.groupStep()],
    ['commit', () => work.commit()],
    ['times', () => work.times()],
    ['list', () => work.list()],
    ['delete', () => work.delete()]
  ])
}
