using System;
using System.IO;
using System.Text;
using System.Threading;
using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class GrowingFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"hv-test-{Guid.NewGuid():N}");

    [Fact]
    public void What_is_written_later_is_read_and_the_end_is_the_writers()
    {
        bool complete = false;
        using StreamReader reader = new(new GrowingFile(_path, () => Volatile.Read(ref complete)), Encoding.ASCII);
        Thread writer = new(() =>
        {
            Append("first ");
            Append("second");
            Volatile.Write(ref complete, true);
        });
        writer.Start();
        Assert.Equal("first second", reader.ReadToEnd());
        writer.Join();
    }

    [Fact]
    public void A_writer_that_never_wrote_leaves_nothing()
    {
        using StreamReader reader = new(new GrowingFile(_path, () => true), Encoding.ASCII);
        Assert.Equal(string.Empty, reader.ReadToEnd());
    }

    public void Dispose()
    {
        File.Delete(_path);
    }

    private void Append(string text)
    {
        Thread.Sleep(TimeSpan.FromMilliseconds(120));
        File.AppendAllText(_path, text);
    }
}
