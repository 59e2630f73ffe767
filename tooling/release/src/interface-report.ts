import {mkdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {Extractor, ExtractorConfig, ExtractorLogLevel} from '@microsoft/api-extractor';
import {declarationPath} from './declarations';
import type {PublishedPackage} from './packages';

/** The name of an entry's report: `core.api.md` for '.', `core.simd.api.md` for './simd'. */
export function reportName({directory}: PublishedPackage, entry: string): string {
  return `${basename(directory)}${entry.slice(1).replaceAll('/', '.')}.api.md`;
}

/**
 * All that a program can import from an entry of a package, with signatures, in an order that does not depend on the
 * source files. Needs the package's declarations.
 *
 * @throws Error with the compiler's messages when the declarations cannot be analysed.
 */
export function interfaceReport(published: PublishedPackage, entry: string, source: string): string {
  const reportDirectory = join(published.directory, '.declarations', 'reports');
  const reportFileName = reportName(published, entry);
  mkdirSync(reportDirectory, {recursive: true});

  const messages: string[] = [];
  const {succeeded} = Extractor.invoke(
    extractorConfig(published, declarationPath(published, source), reportFileName, reportDirectory),
    {
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel === ExtractorLogLevel.Error)
          messages.push(message.formatMessageWithLocation(published.directory));
        message.handled = true;
      },
    },
  );
  if (!succeeded) throw new Error([`${published.name}: no report of its interface`, ...messages].join('\n'));
  return readFileSync(join(reportDirectory, reportFileName), 'utf8');
}

function extractorConfig(
  {directory}: PublishedPackage,
  declarations: string,
  reportFileName: string,
  reportDirectory: string,
) {
  const off = {logLevel: ExtractorLogLevel.None};
  const inReport = {logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true};
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(directory, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: directory,
      mainEntryPointFilePath: declarations,
      newlineKind: 'lf',
      apiReport: {
        enabled: true,
        reportFileName,
        reportFolder: reportDirectory,
        reportTempFolder: join(reportDirectory, 'temporary'),
      },
      docModel: {enabled: false},
      dtsRollup: {enabled: false},
      tsdocMetadata: {enabled: false},
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            module: 'esnext',
            moduleResolution: 'bundler',
            lib: ['es2023', 'dom', 'dom.iterable'],
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files: [declarations],
        },
      },
      messages: {
        compilerMessageReporting: {default: {logLevel: ExtractorLogLevel.Error}},
        extractorMessageReporting: {default: off, 'ae-forgotten-export': inReport},
        tsdocMessageReporting: {default: off},
      },
    },
  });
}
