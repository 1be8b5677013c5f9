using System;
using System.IO;
using System.IO.Pipes;
using System.Text;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

public sealed class SerialConsoleTests : IDisposable
{
    private static readonly TimeSpan _long = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _short = TimeSpan.FromMilliseconds(50);
    private readonly AnonymousPipeServerStream _machine = new(PipeDirection.Out);
    private readonly MemoryStream _typed = new();
    private readonly SerialConsole _console;

    public SerialConsoleTests()
    {
        AnonymousPipeClientStream host = new(PipeDirection.In, _machine.ClientSafePipeHandle);
        _console = new SerialConsole(host, _typed, echo: null);
    }

    [Fact]
    public void A_pattern_is_found_after_the_one_before_it()
    {
        Print("a1 a2 ");
        Assert.Equal("a1", _console.WaitFor(new Regex("a."), _long)?.Value);
        Assert.Equal("a2", _console.WaitFor(new Regex("a."), _long)?.Value);
        Assert.Null(_console.WaitFor(new Regex("a."), _short));
        Assert.Equal("a1 a2 ", _console.Text);
    }

    [Fact]
    public void A_machine_that_ends_is_not_waited_for()
    {
        Print("last words");
        _machine.Dispose();
        Assert.Null(_console.WaitFor(new Regex("never"), _long));
        Assert.NotNull(_console.WaitFor(new Regex("last words"), _long));
    }

    [Fact]
    public void What_is_sent_is_typed()
    {
        _console.Send("ls\r");
        Assert.Equal("ls\r", Encoding.ASCII.GetString(_typed.ToArray()));
    }

    public void Dispose()
    {
        _machine.Dispose();
        _typed.Dispose();
    }

    private void Print(string text)
    {
        _machine.Write(Encoding.ASCII.GetBytes(text));
        _machine.Flush();
    }
}
