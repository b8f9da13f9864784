import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'

export function dropsConformance(stores: () => Stores): void {
  const table = {
    kind: 'table',
    catalog: 'lake',
    namespace: ['sales'],
    name: 'orders',
    metadataLocation: '/t/m1',
  } as const
  const at = (ms: number) => ms as EpochMs
  const tableIn = (name: string, location: string) => ({
    ...{ ...table, name, metadataLocation: `${location}/metadata/m1` },
    places: [location],
  })
  const drop = { dropId: 'd1', droppedAt: at(10), purgeAt: at(100), purgesFiles: true }

  test('a dropped name is free, and what had it can be had back under any free name', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer(table)
    assert.equal(await drops.dropPointer({ ...table, kind: 'view' }, drop), undefined)
    assert.equal(
      await drops.dropPointer({ ...table, metadataLocation: '/t/m0' }, drop),
      undefined,
      'it was committed to',
    )
    assert.deepEqual(await drops.dropPointer(table, drop), { ...table, ...drop })
    assert.equal(await drops.dropPointer(table, { ...drop, dropId: 'd2' }), undefined)
    assert.equal(await pointers.findPointer('lake', ['sales'], 'orders'), undefined)
    assert.deepEqual(await drops.findDropped('lake', 'd1'), { ...table, ...drop })
    assert.equal(await drops.findDropped('other', 'd1'), undefined)
    await pointers.addPointer({ ...table, metadataLocation: '/u/m1' })
    const restore = (namespace: readonly string[], name: string, dropId = 'd1', now = 99) =>
      drops.restoreDropped('lake', dropId, { namespace, name }, at(now))
    assert.equal(await restore(['sales'], 'again', 'd1', 100), 'absent', 'its time is over')
    assert.equal(await restore(['sales'], 'orders'), 'exists')
    assert.equal(await restore(['none'], 'orders'), 'no-namespace')
    assert.equal(await restore(['sales'], 'again', 'd9'), 'absent')
    assert.equal(await restore(['sales'], 'again'), 'restored')
    assert.equal(await restore(['sales'], 'more'), 'absent')
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'again'), { ...table, name: 'again' })
  })

  test('drops are listed, fall due, and are forgotten', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      const each = { ...table, name, metadataLocation: `/t/${name}/m1` }
      await pointers.addPointer(each)
      await drops.dropPointer(each, {
        dropId: name,
        droppedAt: at(index),
        purgeAt: at(100 - index),
        purgesFiles: false,
      })
    }
    const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name).join('')
    assert.equal(names(await drops.listDropped('lake', { offset: 0, limit: 2 })), 'cb')
    assert.equal(names(await drops.listDropped('lake', { offset: 2, limit: 2 })), 'a')
    assert.equal(names(await drops.listDropped('other', { offset: 0, limit: 2 })), '')
    assert.equal(names(await drops.listDueDrops(at(99), { offset: 0, limit: 10 })), 'cb')
    assert.equal(names(await drops.listDueDrops(at(99), { offset: 0, limit: 1 })), 'c')
    assert.equal(names(await drops.listDueDrops(at(99), { offset: 1, limit: 1 })), 'b')
    await drops.forgetDropped('c')
    assert.equal(names(await drops.listDueDrops(at(99), { offset: 0, limit: 10 })), 'b')
  })

  test('what was dropped under a name is found by it, until it is being purged', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addNamespace('lake', ['sales', 'eu'], {})
    const found = async (named: Parameters<typeof drops.findDroppedNamed>[0]) =>
      (await drops.findDroppedNamed(named)).map(({ dropId }) => dropId)
    const others = [
      { ...table, name: 'Orders', metadataLocation: '/t/2/m' },
      { ...table, namespace: ['sales', 'eu'], metadataLocation: '/t/3/m' },
    ]
    for (const [index, other] of others.entries()) {
      await pointers.addPointer(other)
      await drops.dropPointer(other, { ...drop, dropId: `other${index}` })
    }
    assert.deepEqual(await found(table), [])
    const view = { ...table, kind: 'view', metadataLocation: '/v/m' } as const
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    await pointers.addPointer(view)
    await drops.dropPointer(view, { ...drop, dropId: 'd2', droppedAt: at(20) })
    assert.deepEqual(await drops.findDroppedNamed(table), [
      { ...view, ...drop, dropId: 'd2', droppedAt: at(20) },
      { ...table, ...drop },
    ])
    assert.deepEqual(await found({ ...table, catalog: 'other' }), [])
    await drops.claimPurge({ dropId: 'd2', purgesFiles: true }, at(100))
    assert.deepEqual(await found(table), ['d1'])
  })

  test('a purge that has begun is not undone, and goes on', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(99)), false, 'it can be had back')
    assert.equal(await drops.claimPurge({ dropId: 'd9', purgesFiles: true }, at(100)), false)
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(100)), true)
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(100)), true, 'after a crash')
    const to = { namespace: ['sales'], name: 'orders' }
    // By a clock that is late.
    assert.equal(await drops.restoreDropped('lake', 'd1', to, at(50)), 'absent')
    assert.equal((await drops.listDropped('lake', { offset: 0, limit: 9 })).length, 1, 'its files are not all gone')
    assert.equal((await drops.listDueDrops(at(100), { offset: 0, limit: 9 })).length, 1)
    await drops.forgetDropped('d1')
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(100)), false)
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    assert.equal((await drops.listDropped('lake', { offset: 0, limit: 9 })).length, 1)
    const outcomes = await Promise.all([
      drops.restoreDropped('lake', 'd1', to, at(99)),
      drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(100)),
    ])
    assert.ok(outcomes[0] === 'restored' ? !outcomes[1] : outcomes[1], String(outcomes))
  })

  test('the time of what was dropped is ended, and its files judged anew, until its purge has begun', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer(table)
    await drops.dropPointer(table, drop)
    const sooner = { purgeAt: at(50), purgesFiles: false }
    assert.equal(await drops.advancePurge('other', 'd1', sooner), undefined)
    assert.equal(await drops.advancePurge('lake', 'd9', sooner), undefined)
    assert.deepEqual(await drops.advancePurge('lake', 'd1', sooner), { ...table, ...drop, ...sooner })
    assert.deepEqual(await drops.findDropped('lake', 'd1'), { ...table, ...drop, ...sooner })
    assert.equal((await drops.listDueDrops(at(50), { offset: 0, limit: 9 })).length, 1)
    const to = { namespace: ['sales'], name: 'orders' }
    assert.equal(await drops.restoreDropped('lake', 'd1', to, at(50)), 'absent', 'its time is over')
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(50)), false, 'its files stay by now')
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: false }, at(50)), true)
    assert.equal(await drops.advancePurge('lake', 'd1', { ...sooner, purgesFiles: true }), undefined)
    assert.equal((await drops.findDropped('lake', 'd1'))?.purgesFiles, false)
  })

  test('what is new under the name of something dropped may take its place, unless that is being purged', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const placed = { ...table, metadataLocation: '/w/t/metadata/m1', places: ['/w/t'] }
    await pointers.addPointer(placed)
    await drops.dropPointer(placed, drop)
    const again = { ...placed, metadataLocation: '/w/t/metadata/n1' }
    assert.equal(await pointers.addPointer({ ...again, name: 'other' }, ['/w/t']), 'overlaps')
    assert.equal(await drops.findPointerUnder(['/w/t'], { named: table }), undefined)
    assert.equal(await pointers.addPointer(again, ['/w/t']), 'added')
    // Whoever purges what was dropped, or has it back, sees who is there now.
    assert.equal((await drops.findPointerUnder(['/w/t'], { dropId: 'd1' }))?.metadataLocation, again.metadataLocation)
    assert.equal((await drops.findPointerUnder(['/w/t']))?.metadataLocation, again.metadataLocation)
    await pointers.removePointer('lake', ['sales'], table.name, 'table')
    assert.equal(await drops.claimPurge({ dropId: 'd1', purgesFiles: true }, at(100)), true)
    assert.equal(await pointers.addPointer(again, ['/w/t']), 'overlaps')
    assert.equal(await pointers.changePointers([{ after: again, apart: ['/w/t'] }]), 'overlaps')
  })

  test('a table below a location is found, dropped or not', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer({ ...table, name: 'a', metadataLocation: '/t/a/m_%/1' })
    await pointers.addPointer({ ...table, name: 'b', metadataLocation: '/t/b/m1' })
    await pointers.addPointer({ ...table, name: 'c', metadataLocation: '/t/𠮷野家/m1' })
    assert.equal((await drops.findPointerUnder(['/t/𠮷野家/'], { dropId: 'd1' }))?.name, 'c')
    await drops.dropPointer({ ...table, name: 'b', metadataLocation: '/t/b/m1' }, drop)
    assert.equal((await drops.findPointerUnder(['/x/', '/t/a/m_%/'], { dropId: 'd1' }))?.name, 'a')
    assert.equal(await drops.findPointerUnder(['/t/a/'], { dropId: 'd1', named: { ...table, name: 'a' } }), undefined)
    assert.equal((await drops.findPointerUnder(['/t/b/'], { dropId: 'd9' }))?.name, 'b')
    assert.equal(await drops.findPointerUnder(['/t/b/', '/T/', '/t/a/mx/', '/t/a/m_%/1/'], { dropId: 'd1' }), undefined)
  })

  test('where a table lies is known however it came there', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    await pointers.addPointer({ ...table, metadataLocation: '/t/a/m1' })
    const nameIn = async (folder: string) => (await drops.findPointerUnder([folder]))?.name
    await pointers.swapPointer({ ...table, metadataLocation: '/t/a/m1' }, '/t/b/m2')
    assert.deepEqual([await nameIn('/t/a/'), await nameIn('/t/b/'), await nameIn('/')], [undefined, 'orders', 'orders'])
    const moved = { ...table, metadataLocation: '/t/b/m2' }
    assert.equal(
      await pointers.changePointers([{ before: moved, after: { ...moved, metadataLocation: '/c/m' } }]),
      'made',
    )
    await pointers.renamePointer({ ...moved, metadataLocation: '/c/m' }, { namespace: ['sales'], name: 'best' })
    assert.deepEqual([await nameIn('/t/'), await nameIn('/c/')], [undefined, 'best'])
    await drops.dropPointer({ ...table, name: 'best', metadataLocation: '/c/m' }, drop)
    await drops.restoreDropped('lake', 'd1', { namespace: ['sales'], name: 'again' }, at(0))
    assert.equal(await nameIn('/c/'), 'again')
    await drops.dropPointer({ ...table, name: 'again', metadataLocation: '/c/m' }, drop)
    await drops.forgetDropped('d1')
    assert.equal(await nameIn('/c/'), undefined)
    await pointers.addPointer({ ...table, metadataLocation: '/c/m' })
    await pointers.removePointer('lake', ['sales'], 'orders', 'table')
    assert.equal(await nameIn('/'), undefined)
  })

  test('of tables in one place one is made, also where both come at once', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const at = (name: string, location: string, ...others: readonly string[]) => {
      const metadataLocation = `${location}/meta/m1`
      return { ...table, name, metadataLocation, places: [location, ...others] }
    }
    const put = (pointer: ReturnType<typeof at>) => pointers.addPointer(pointer, pointer.places)
    assert.deepEqual(await Promise.all([put(at('outer', '/t')), put(at('inner', '/t/u'))]), ['added', 'overlaps'])
    for (const place of ['/t', 'FILE:/t', 'File:///t/u', 'file://localhost/t/u/v', '/']) {
      assert.equal(await put(at('other', place)), 'overlaps', place)
    }
    assert.equal(await put(at('other', '/o', '/t/data')), 'overlaps')
    const change = (after: ReturnType<typeof at>) => ({ after, apart: after.places })
    const fourth = at('fourth', '/w', 's3://b/w/data')
    for (const third of [
      at('third', '/t/v'),
      at('third', '/w/x'),
      at('third', 'S3A://b/w'),
      at('third', 's3n://b/w/data/x'),
    ]) {
      assert.equal(await pointers.changePointers([change(fourth), change(third)]), 'overlaps', third.places[0])
    }
    assert.equal(await pointers.changePointers([change(fourth)]), 'made')
    const moved = at('fourth', '/w/deeper')
    const move = { before: fourth, ...change(moved) }
    assert.equal(await pointers.changePointers([move]), 'made', 'its own place is no obstacle')
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'fourth'), moved)
    assert.equal(await put(at('beside', 's3://b/w/data')), 'added', 'it is there no more')
    assert.deepEqual(await drops.dropPointer(moved, drop), { ...moved, ...drop })
    assert.equal(await put(at('fifth', '/w')), 'overlaps', 'what was dropped can be had back')
    assert.equal(await put(at('fifth', '/w/deeper/data')), 'overlaps')
    await drops.restoreDropped('lake', 'd1', { namespace: ['sales'], name: 'back' }, 0 as EpochMs)
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'back'), { ...moved, name: 'back' })
    assert.equal(await put(at('fifth', '/w/deeper/data')), 'overlaps')
  })

  test('a place is taken by whichever name of its store', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    for (const [at0, ...others] of [
      ['hdfs://nn:8020/wh/gold', 'hdfs:///wh/gold', 'hdfs:/wh/gold', 'hdfs://ns1/wh/gold', 'webhdfs://nn:9870/wh/gold'],
      ['gs://b/wh/gold', 's3://b/wh/gold', 'gcs://b/wh'],
      ['oss://b2.oss-cn-beijing.aliyuncs.com/gold', 'oss://b2/gold', 's3a://b2/gold/data'],
      ['abfss://c@acc.dfs.core.windows.net/gold', 'wasb://c@Acc.blob.core.windows.net/gold/x'],
    ] as const) {
      const own = tableIn(at0, at0)
      assert.equal(await pointers.addPointer(own, [at0]), 'added')
      for (const other of others) {
        assert.equal(await pointers.addPointer(tableIn('other', other), [other]), 'overlaps', other)
        assert.equal(
          (await drops.findPointerUnder([other]))?.name ?? (await drops.findPointerAround([other]))?.name,
          at0,
        )
      }
      assert.deepEqual(await pointers.findPointer('lake', ['sales'], at0), own, 'it is kept as it was spelled')
    }
    assert.equal(await drops.findPointerUnder(['hdfs://nn:8020/wh/golden', '/wh/gold', 's3://b3/gold']), undefined)
  })

  test('folders of namespaces are nobody’s, whatever they are called', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    for (const [name, location] of [
      ['a', '/w/metadata/t'],
      ['metadata', '/w/sales/metadata'],
    ] as const) {
      assert.equal(await pointers.addPointer(tableIn(name, location), [location]), 'added')
    }
    for (const [name, location] of [
      ['b', '/w/sales/t'],
      ['c', '/w/metadata/u'],
      ['d', '/w/x'],
    ] as const) {
      assert.equal(await drops.findPointerAround([location]), undefined)
      assert.equal(await pointers.addPointer(tableIn(name, location), [location]), 'added', location)
    }
    assert.equal((await drops.findPointerAround(['/w/sales/metadata/metadata']))?.name, 'metadata')
    assert.equal(await drops.findPointerAround(['/w', '/w/sales']), undefined)
  })

  test('a pointer of before places were kept is in the folder around its metadata, until it is changed', async () => {
    const { pointers, drops } = stores()
    await pointers.addNamespace('lake', ['sales'], {})
    const old = { ...table, metadataLocation: 's3a://b/t/metadata/m1' }
    await pointers.addPointer(old)
    assert.equal((await drops.findPointerAround(['s3://b/t/data']))?.name, 'orders')
    const after = { ...old, metadataLocation: 's3a://b/t/metadata/m2', places: ['s3://b/t', 's3://b/data'] }
    assert.equal(await pointers.changePointers([{ before: old, after }]), 'made')
    assert.equal((await drops.findPointerAround(['s3://b/data/x']))?.name, 'orders')
    assert.equal(await pointers.swapPointer(after, 's3://b/other/m3'), true)
    assert.deepEqual(await pointers.findPointer('lake', ['sales'], 'orders'), {
      ...after,
      metadataLocation: 's3://b/other/m3',
    })
    assert.equal((await drops.findPointerUnder(['s3://b/data']))?.name, 'orders')
  })
}
