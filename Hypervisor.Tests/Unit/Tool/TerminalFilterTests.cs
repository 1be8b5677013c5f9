using System.Linq;
using System.Text;
using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class TerminalFilterTests
{
    private const string Raw = "\u001B[2J\u001B[01;01H\u001B[0m\u001B[35m\u001B[40mUEFI\r\nShell\u001B7> \u001B[6nµ\a\r\n";
    private const string Words = "UEFI\nShell> µ\n";

    [Fact]
    public void Control_sequences_vanish()
    {
        Assert.Equal(Words, new TerminalFilter().Strip(Encoding.UTF8.GetBytes(Raw)));
    }

    [Fact]
    public void It_does_not_matter_how_the_stream_is_cut()
    {
        TerminalFilter filter = new();
        Assert.Equal(Words, string.Concat(Encoding.UTF8.GetBytes(Raw).Select(octet => filter.Strip([octet]))));
    }
}
