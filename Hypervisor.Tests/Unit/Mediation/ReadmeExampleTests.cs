using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using Hypervisor.Devices.Speaker;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Mediation;

/// <summary>The mediator that README shows.</summary>
public sealed class ReadmeExampleTests
{
    [Fact]
    public void It_silences_the_speaker_and_nothing_else()
    {
        SpeakerMediator mediator = new();
        using MediatedMachine machine = new(mediator);
        machine.Inner.Bootstrap.Outputs.Clear();
        machine.Out(0x61, 1, 0x33);
        machine.Out(0x61, 1, 0x31);
        machine.Out(0x62, 1, 0x33);
        Assert.Equal([0x30u, 0x31u, 0x33u], machine.Inner.Bootstrap.Outputs.Where(o => o.Port is 0x61 or 0x62).Select(o => o.Value));
        Assert.Equal(1ul, mediator.Statistic(0, out _));
    }

    [Fact]
    public void It_is_what_readme_shows()
    {
        string source = File.ReadAllText(Path.Combine(Folder(), "Example", "SpeakerMediator.cs"));
        string readme = File.ReadAllText(Path.Combine(Folder(), "..", "..", "..", "README.md"));
        Assert.Contains(source.Trim(), readme);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
