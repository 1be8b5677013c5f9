using System;
using Hypervisor.Core.Memory;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Mediation;

/// <summary>Memory that a mediator has for itself and its device.</summary>
public sealed class OwnMemoryTests
{
    [Fact]
    public void A_mediator_gets_the_whole_pages_it_wants_where_the_guest_cannot_reach()
    {
        RecordingMediator first = new() { WantedMemory = 5000 };
        RecordingMediator second = new("second") { WantedMemory = 3 << 20 };
        using MediatedMachine machine = new(first, second);
        Assert.Equal(2 * PageSizes.Size4K, (ulong)first.Host!.OwnMemory.Length);
        Assert.Equal(3 << 20, second.Host!.OwnMemory.Length);
        Assert.Equal(0ul, second.Host.OwnMemoryAddress % PageSizes.Size4K);
        Assert.True(second.Host.OwnMemory.IndexOfAnyExcept((byte)0) < 0);
        Assert.True(first.Host.OwnMemoryAddress + (2 * PageSizes.Size4K) <= second.Host.OwnMemoryAddress);
        Assert.True(first.Host.Memory(first.Host.OwnMemoryAddress, 16).IsEmpty, "it is the host's");
        Assert.True(second.Host.Memory(second.Host.OwnMemoryAddress + (3 << 20) - 16, 16).IsEmpty, "it is the host's");
    }

    [Fact]
    public void Who_wants_no_memory_costs_none()
    {
        RecordingMediator none = new();
        using MediatedMachine machine = new(none);
        Assert.True(none.Host!.OwnMemory.IsEmpty);
        Assert.Equal(0ul, none.Host.OwnMemoryAddress);
    }
}
