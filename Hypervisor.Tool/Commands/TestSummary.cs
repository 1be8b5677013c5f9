using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;

namespace Hypervisor.Tool.Commands;

/// <summary>How the tests ended, counted from their result files.</summary>
/// <param name="Passed">Tests that held.</param>
/// <param name="Failed">Tests that did not.</param>
/// <param name="Skipped">Tests that could not run here.</param>
public sealed record TestSummary(int Passed, int Failed, int Skipped)
{
    private const string PassedOutcome = "Passed";
    private const string SkippedOutcome = "NotExecuted";

    /// <summary>Counts the results in a folder of TRX files.</summary>
    public static TestSummary Read(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return new TestSummary(0, 0, 0);
        }

        List<string?> outcomes =
        [
            .. Directory.EnumerateFiles(folder, "*.trx", SearchOption.AllDirectories)
                .SelectMany(file => XDocument.Load(file).Descendants())
                .Where(element => element.Name.LocalName == "UnitTestResult")
                .Select(element => element.Attribute("outcome")?.Value),
        ];
        int passed = outcomes.Count(outcome => string.Equals(outcome, PassedOutcome, StringComparison.Ordinal));
        int skipped = outcomes.Count(outcome => string.Equals(outcome, SkippedOutcome, StringComparison.Ordinal));
        // Whatever is neither did not hold: a time-out or an abort is a failure too.
        return new TestSummary(passed, outcomes.Count - passed - skipped, skipped);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        return $"{Passed} passed, {Failed} failed, {Skipped} skipped";
    }
}
