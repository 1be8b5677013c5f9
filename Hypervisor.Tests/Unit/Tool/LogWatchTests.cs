using System;
using System.IO;
using System.Threading;
using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class LogWatchTests : IDisposable
{
    private static readonly TimeSpan _long = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _severalLooks = TimeSpan.FromMilliseconds(300);
    private readonly string _folder = Directory.CreateTempSubdirectory("hv-test-").FullName;
    private readonly SemaphoreSlim _found = new(0);

    private string Log => Path.Combine(_folder, "log");

    [Fact]
    public void Each_appearance_is_seen_once_even_in_two_pieces()
    {
        using LogWatch watch = new(Log, "marker", () => _found.Release());
        File.AppendAllText(Log, "before mar");
        Assert.False(_found.Wait(_severalLooks));
        File.AppendAllText(Log, "ker");
        Assert.True(_found.Wait(_long));
        Assert.False(_found.Wait(_severalLooks));
        File.AppendAllText(Log, " marker");
        Assert.True(_found.Wait(_long));
    }

    public void Dispose()
    {
        _found.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
