import type { Command } from 'commander'
import { VALUE_FORMS } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { withServerOptions } from './server-options.ts'

const saving = () => import('./save-catalog.ts')
const showing = () => import('./show-catalogs.ts')

/** `moraine catalog ...`: the catalogs of a running service. */
export function addCatalogCommands(program: Command, context: CommandContext): void {
  const catalog = program.command('catalog').description('the catalogs of a running service')
  withServerOptions(catalog.command('list').description('all catalogs')).action(async (options) =>
    (await showing()).listCatalogs(options, context),
  )
  withServerOptions(catalog.command('types').description('which types there are, and what each takes')).action(
    async (options) => (await showing()).listCatalogTypes(options, context),
  )
  withServerOptions(catalog.command('show').description('one catalog; secrets are masked').argument('<name>')).action(
    async (name, options) => (await showing()).showCatalog(name, options, context),
  )
  withFormOptions(catalog.command('register').description('register a catalog, if it passes its test'))
    .requiredOption('--type <type>', 'as `catalog types` has them: rest, hive, glue, jdbc, filesystem, custom, ams')
    .option('--no-test', 'without a test')
    .action(async (name, options) => (await saving()).registerCatalog(name, options, context))
  withUnset(withFormOptions(catalog.command('change').description('change what is named here, and leave the rest')))
    .option('--no-test', 'without a test')
    .action(async (name, options) => (await saving()).changeCatalog(name, options, context))
  withUnset(withFormOptions(catalog.command('test').description('can it list, read and commit? Saves nothing')))
    .option('--type <type>', 'of one that is not registered')
    .action(async (name, options) => (await saving()).testCatalog(name, options, context))
  withServerOptions(
    catalog.command('remove').description('forget a catalog; nothing changes in it').argument('<name>'),
  ).action(async (name, options) => (await showing()).removeCatalog(name, options, context))
}

function withFormOptions(command: Command): Command {
  return withServerOptions(
    command
      .argument('<name>')
      .option('--property <key=value...>', `as Iceberg's clients name them: uri, warehouse, token; ${VALUE_FORMS}`)
      .option('--storage <key=value...>', "Amoro's storage settings, such as storage.type=S3, hive.site=@hive-site.xml")
      .option('--auth <key=value...>', "Amoro's auth settings, such as auth.type=AK/SK")
      .option('--table-property <key=value...>', 'of tables that do not say otherwise')
      .option('--format <format...>', 'of its tables (default: ICEBERG)')
      .option('--group <name>', 'optimizer group of its tables'),
  )
}

function withUnset(command: Command): Command {
  return command.option('--unset <setting...>', 'as `catalog show` has them: properties/token')
}
