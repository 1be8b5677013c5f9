using System;
using System.IO;
using Hypervisor.Tool.Commands;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class TestSummaryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hv-test-").FullName;

    [Fact]
    public void All_result_files_are_counted()
    {
        Write("a.trx", "Passed", "Passed", "Failed");
        Write("b.trx", "NotExecuted", "Timeout", "Passed");
        Assert.Equal("3 passed, 2 failed, 1 skipped", TestSummary.Read(_folder).ToString());
    }

    [Fact]
    public void No_results_are_no_tests()
    {
        Assert.Equal(new TestSummary(0, 0, 0), TestSummary.Read(Path.Combine(_folder, "absent")));
    }

    [Theory]
    [InlineData(false, false, null, "Category!=Slow")]
    [InlineData(true, false, null, "Category!=Emulator&Category!=Slow")]
    [InlineData(false, true, null, "")]
    [InlineData(false, true, "Name~a|Name~b", "(Name~a|Name~b)")]
    public void Filters_are_combined(bool fast, bool slow, string? additional, string expected)
    {
        Assert.Equal(expected, TestFilter.Build(fast, slow, additional));
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
    }

    private void Write(string name, params string[] outcomes)
    {
        string results = string.Concat(Array.ConvertAll(outcomes, outcome => $"<UnitTestResult outcome='{outcome}'/>"));
        File.WriteAllText(
            Path.Combine(_folder, name),
            $"<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><Results>{results}</Results></TestRun>");
    }
}
