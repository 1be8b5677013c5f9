using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Pci;

/// <summary>Functions are followed wherever the guest moves them, and their mediators with them (M42, M43, M73).</summary>
public sealed class PciTrackingTests
{
    private const int OwnerNumber = 1;
    private const ulong Bar5 = 0xFEBF_0000;

    [Fact]
    public void A_mediator_is_told_of_its_function_and_gets_every_access_however_it_came()
    {
        using PciMachine machine = Ahci(out PciOwner owner);
        PciFunctionInfo found = Assert.Single(owner.Notices);
        Assert.Equal((PciNotice.Found, 77u, 0x8086, 0x2922, 0x01_0601u), (found.Notice, found.Tag, found.VendorId, found.DeviceId, found.ClassCode));
        Assert.Equal(new PciAddress(0, 0, 31, 2).Packed, found.Address.Packed);
        Assert.Equal(0x2922_8086u, machine.ConfigRead(0, 31, 2, 0));
        machine.Read(machine.Bus.Window(0, 0xFA, 0x100), 4);
        machine.Write(machine.Bus.Window(0, 0xFA, 0xF3), 2, 0xABCD);
        Assert.Equal(
            [(0, 4, false, 0u), (0x100, 4, false, 0u), (0xF3, 1, true, 0xCDu), (0xF4, 1, true, 0xABu)],
            owner.Requests.Select(r => (r.Offset, r.Size, r.IsWrite, r.IsWrite ? r.Value & 0xFF : 0)));
        machine.ConfigRead(0, 31, 0, 0);
        Assert.Equal(4, owner.Requests.Count);
    }

    [Theory]
    [InlineData(Verdict.Done, 0x55u, 0x55u)]
    [InlineData(Verdict.Deny, 0x55u, 0xFFFF_FFFFu)]
    [InlineData(Verdict.Pass, 0x55u, 0x2922_8086u)]
    [InlineData(Verdict.Guest, 0x55u, 0x2922_8086u)]
    public void Its_verdict_counts(Verdict verdict, uint value, uint expected)
    {
        using PciMachine machine = Ahci(out PciOwner owner);
        owner.Configuration = _ => (verdict, value);
        Assert.Equal(expected, machine.ConfigRead(0, 31, 2, 0));
        Assert.Equal(expected, (uint)machine.Read(machine.Bus.Window(0, 0xFA, 0), 4));
        Assert.Equal(expected | 0xFFFF_FFFF_0000_0000u & 0, (uint)machine.Read(machine.Bus.Window(0, 0xFA, 0), 8));
    }

    [Fact]
    public void Sizing_by_the_host_leaves_everything_as_it_was()
    {
        PciBusModel bare = Machine();
        using PciMachine machine = Ahci(out _);
        machine.LifeStep(() => { });
        Assert.Equal(bare.State().Split('\n')[..^1], machine.Bus.State().Split('\n')[..^1]);
    }

    [Fact]
    public void Claims_follow_memory_space_and_base_addresses_but_not_questions_for_the_size()
    {
        using PciMachine machine = Ahci(out PciOwner owner);
        Assert.Contains((Bar5, Bar5 + 0xFFF, OwnerNumber), machine.MemoryClaims);
        Assert.Contains(((ushort)0xC040, (ushort)0xC05F, OwnerNumber), machine.PortClaims);
        machine.Read(Bar5 + 4, 4);
        Assert.Equal((5u, 4ul), owner.Memory.Select(m => (m.Tag, m.Offset)).Single());

        machine.ConfigWrite(0, 31, 2, 0x04, 0x0001, 2);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        Assert.Contains(((ushort)0xC040, (ushort)0xC05F, OwnerNumber), machine.PortClaims);
        Assert.Equal(PciNotice.CommandChanged, owner.Notices[^1].Notice);

        machine.ConfigWrite(0, 31, 2, 0x24, 0xFFFF_FFFF);
        Assert.Equal(0xFFFF_F000u, machine.ConfigRead(0, 31, 2, 0x24));
        machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000);
        Assert.Equal((PciNotice.BarMoved, 5), (owner.Notices[^1].Notice, owner.Notices[^1].Bar));
        machine.ConfigWrite(0, 31, 2, 0x04, 0x0007, 2);
        Assert.Contains((0xE000_0000ul, 0xE000_0FFFul, OwnerNumber), machine.MemoryClaims);

        int notices = owner.Notices.Count;
        machine.ConfigWrite(0, 31, 2, 0x24, 0xFFFF_FFFF);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000);
        Assert.Contains((0xE000_0000ul, 0xE000_0FFFul, OwnerNumber), machine.MemoryClaims);
        Assert.Equal(notices, owner.Notices.Count);

        machine.ConfigWrite(0, 31, 2, 0x20, 0xD001);
        Assert.Contains(((ushort)0xD000, (ushort)0xD01F, OwnerNumber), machine.PortClaims);
        machine.In(0xD004, 1);
        Assert.Single(owner.Ports);
    }

    [Fact]
    public void Ports_answer_at_whatever_a_register_holds_a_question_for_the_size_included()
    {
        using PciMachine machine = Ahci(out PciOwner owner);
        machine.ConfigWrite(0, 31, 2, 0x20, 0xFFFF_FFFF);
        Assert.Contains(((ushort)0xFFE0, (ushort)0xFFFF, OwnerNumber), machine.PortClaims);
        machine.In(0xFFE4, 1);
        Assert.Single(owner.Ports);
        machine.ConfigWrite(0, 31, 2, 0x20, 0xC041);
        Assert.Equal([((ushort)0xC040, (ushort)0xC05F, OwnerNumber)], machine.PortClaims.Where(c => c.Mediator == OwnerNumber));
    }

    [Fact]
    public void A_64_bit_register_moves_half_by_half_and_an_address_that_does_not_exist_is_not_claimed()
    {
        PciFunctionModel nvme = new PciFunctionModel(0x1B36, 0x0010, 0x01_0802).MemoryBar(0, 0x4000, 0xFE80_0000, is64: true).Command(6);
        using PciMachine machine = With(new PciBusModel().AddQ35().Add(4, 0, nvme), PciMatch.Class(0x0108), [0], out _);
        Assert.Contains((0xFE80_0000ul, 0xFE80_3FFFul, OwnerNumber), machine.MemoryClaims);
        machine.ConfigWrite(0, 4, 0, 0x14, 0x0000_0080);
        Assert.Contains((0x80_FE80_0000ul, 0x80_FE80_3FFFul, OwnerNumber), machine.MemoryClaims);
        machine.ConfigWrite(0, 4, 0, 0x10, 0x0000_0000);
        Assert.Contains((0x80_0000_0000ul, 0x80_0000_3FFFul, OwnerNumber), machine.MemoryClaims);
        machine.ConfigWrite(0, 4, 0, 0x14, 0x8000_0000);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        machine.Write(machine.Bus.Window(0, 0x20, 0x10), 8, 0x0000_0090_0000_0000);
        Assert.Contains((0x90_0000_0000ul, 0x90_0000_3FFFul, OwnerNumber), machine.MemoryClaims);
        Assert.Equal(MediatorState.Attached, machine.State());
    }

    [Fact]
    public void A_base_address_that_lands_on_the_host_or_on_configuration_space_itself_is_refused()
    {
        using PciMachine machine = Ahci(out _);
        machine.ConfigWrite(0, 31, 2, 0x24, 0x7000_0000);
        machine.ConfigWrite(0, 31, 2, 0x24, (uint)PciBusModel.DefaultWindow);
        machine.ConfigWrite(0, 31, 2, 0x24, 0xFEE0_0000);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        machine.ConfigWrite(0, 31, 2, 0x24, (uint)Bar5);
        Assert.Contains((Bar5, Bar5 + 0xFFF, OwnerNumber), machine.MemoryClaims);
    }

    [Fact]
    public void A_function_behind_bridges_keeps_its_mediator_when_buses_are_renumbered()
    {
        using PciMachine machine = Nested(out PciOwner owner, out PciFunctionModel nic);
        int function = owner.Notices[0].Function;
        Assert.Equal(2, owner.Notices[0].Address.Bus);

        // An operating system assigns bus numbers anew from the top, with everything behind out of reach meanwhile.
        machine.ConfigWrite(0, 3, 0, 0x18, 0x0000_0000);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        machine.ConfigWrite(0, 3, 0, 0x18, 0x0008_0500);
        machine.ConfigWrite(5, 1, 0, 0x18, 0x0007_0705);
        Assert.Equal((PciNotice.Renumbered, function, 7), (owner.Notices[^1].Notice, owner.Notices[^1].Function, owner.Notices[^1].Address.Bus));
        Assert.Contains((0xFEA0_0000ul, 0xFEA0_0FFFul, OwnerNumber), machine.MemoryClaims);
        owner.Requests.Clear();
        Assert.Equal(0x1533_8086u, machine.ConfigRead(7, 0, 0, 0));
        Assert.Equal(function, Assert.Single(owner.Requests).Function);
        Assert.Equal(uint.MaxValue, machine.ConfigRead(2, 0, 0, 0));
        Assert.Single(owner.Notices, n => n.Notice == PciNotice.Found);
        Assert.True(nic.IsPresent);
    }

    [Theory]
    [InlineData(0x04, 0x0000u, 2, 0x0007u)]
    [InlineData(0x20, 0x0000_FFF0u, 4, 0xFEA0_FEA0u)]
    public void Switching_a_bridge_off_and_on_drops_the_claim_and_brings_it_back(int offset, uint off, int size, uint on)
    {
        using PciMachine machine = Nested(out PciOwner owner, out _);
        Assert.Contains((0xFEA0_0000ul, 0xFEA0_0FFFul, OwnerNumber), machine.MemoryClaims);
        machine.ConfigWrite(0, 3, 0, offset, off, size);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        machine.ConfigWrite(0, 3, 0, offset, on, size);
        Assert.Contains((0xFEA0_0000ul, 0xFEA0_0FFFul, OwnerNumber), machine.MemoryClaims);
        Assert.Single(owner.Notices);
    }

    [Fact]
    public void A_reset_of_the_bus_takes_the_base_addresses_and_the_guest_brings_them_back()
    {
        using PciMachine machine = Nested(out PciOwner owner, out _);
        machine.ConfigWrite(1, 1, 0, 0x3E, 0x40, 1);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        Assert.Equal(PciNotice.Reset, owner.Notices[^1].Notice);
        machine.ConfigWrite(1, 1, 0, 0x3E, 0x00, 1);
        machine.ConfigWrite(2, 0, 0, 0x10, 0xFEA0_0000);
        machine.ConfigWrite(2, 0, 0, 0x04, 6, 2);
        Assert.Contains((0xFEA0_0000ul, 0xFEA0_0FFFul, OwnerNumber), machine.MemoryClaims);
    }

    [Fact]
    public void A_function_that_resets_itself_or_wakes_from_D3_is_read_again()
    {
        PciFunctionModel nic = new PciFunctionModel(0x8086, 0x10D3, 0x02_0000).MemoryBar(0, 0x2_0000, 0xFEA0_0000).PowerManagement().Express().Command(7);
        using PciMachine machine = With(new PciBusModel().AddQ35().Add(2, 0, nic), PciMatch.Device(0x8086, 0x10D3), [0], out PciOwner owner);
        machine.ConfigWrite(0, 2, 0, nic.PowerOffset, 3, 2);
        Assert.Equal((PciNotice.PowerChanged, 3), (owner.Notices[^1].Notice, owner.Notices[^1].PowerState));
        machine.ConfigWrite(0, 2, 0, nic.PowerOffset, 0, 2);
        machine.ConfigRead(0, 2, 0, 8);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
        machine.ConfigWrite(0, 2, 0, 0x10, 0xFEC0_0000);
        machine.ConfigWrite(0, 2, 0, 4, 7, 2);
        Assert.Contains((0xFEC0_0000ul, 0xFEC1_FFFFul, OwnerNumber), machine.MemoryClaims);
        machine.ConfigWrite(0, 2, 0, nic.ExpressOffset, 0x8000, 2);
        Assert.Equal(PciNotice.Reset, owner.Notices[^1].Notice);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);
    }

    [Fact]
    public void Plugging_in_and_pulling_out()
    {
        PciFunctionModel port = new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(1, 1).Window(0xFE80_FE80).Command(7);
        using PciMachine machine = With(new PciBusModel().AddQ35().Add(3, 0, port), PciMatch.Class(0x0108), [0], out PciOwner owner);
        Assert.Empty(owner.Notices);
        Assert.Equal(uint.MaxValue, machine.ConfigRead(1, 0, 0, 0));
        port.Behind.Add(0, new PciFunctionModel(0x1B36, 0x0010, 0x01_0802).MemoryBar(0, 0x4000, is64: true));
        Assert.Equal(0x0010_1B36u, machine.ConfigRead(1, 0, 0, 0));
        Assert.Equal(PciNotice.Found, Assert.Single(owner.Notices).Notice);
        Assert.Single(owner.Requests);
        machine.ConfigWrite(1, 0, 0, 0x10, 0xFE80_0000);
        machine.ConfigWrite(1, 0, 0, 4, 6, 2);
        Assert.Contains((0xFE80_0000ul, 0xFE80_3FFFul, OwnerNumber), machine.MemoryClaims);

        PciFunctionModel pulled = port.Behind[0];
        port.Behind.Clear();
        Assert.Equal(0xFFFFu, machine.ConfigRead(1, 0, 0, 0, 2));
        Assert.Equal(PciNotice.Removed, owner.Notices[^1].Notice);
        Assert.DoesNotContain(machine.MemoryClaims, c => c.Mediator == OwnerNumber);

        port.Behind.Add(0, new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000));
        machine.ConfigRead(1, 0, 0, 0);
        int notices = owner.Notices.Count;
        port.Behind[0] = pulled;
        machine.ConfigRead(1, 0, 0, 0);
        Assert.Equal(PciNotice.Found, owner.Notices[^1].Notice);
        Assert.Equal(notices + 1, owner.Notices.Count);
    }

    [Fact]
    public void A_mediator_may_use_configuration_space_from_inside_an_access()
    {
        using PciMachine machine = Ahci(out PciOwner owner);
        uint seen = 0;
        owner.Configuration = r =>
        {
            seen = owner.Pci.Configuration.Read(owner.Host!, r.Address, 1, 4);
            owner.Pci.Configuration.Write(owner.Host!, new PciAddress(0, 0, 31, 0), 0xF1, 2, 0xBEEF);
            return (Verdict.Pass, r.Value);
        };
        Assert.Equal(0x2922_8086u, machine.ConfigRead(0, 31, 2, 0));
        Assert.Equal(0x0729_2280u, seen);
        Assert.Equal(PciMachine.Select(0, 31, 2, 0), machine.In(0xCF8, 4));
        Assert.Equal(0xBEEFu, machine.ConfigRead(0, 31, 0, 0xF1, 2));
        Assert.Equal(MediatorState.Attached, machine.State(OwnerNumber));
    }

    [Theory]
    [InlineData(Fallback.Pass, 0x2922_8086u, false)]
    [InlineData(Fallback.Deny, 0xFFFF_FFFFu, true)]
    public void A_mediator_that_fails_falls_back_and_its_claims_no_longer_follow(Fallback fallback, uint expected, bool follows)
    {
        PciOwner? owner = null;
        using PciMachine machine = new(Machine(), null, pci => owner = new PciOwner(pci, PciMatch.Class(0x0106), fallback) { Bars = [5] });
        owner!.Configuration = r => throw new System.IndexOutOfRangeException();
        Assert.Equal(expected, machine.ConfigRead(0, 31, 2, 0));
        Assert.Equal(MediatorState.Failed, machine.State(OwnerNumber));
        Assert.Equal(MediatorState.Attached, machine.State());
        if (!follows)
        {
            machine.ConfigWrite(0, 31, 2, 0x24, 0xE000_0000);
        }

        Assert.Equal(follows, machine.MemoryClaims.Any(c => c.Mediator == OwnerNumber));
    }

    [Fact]
    public unsafe void A_lock_held_by_a_call_that_fails_is_given_back()
    {
        using PciMachine machine = Ahci(out PciOwner owner);
        HostLock held = new(2);
        owner.Configuration = _ =>
        {
            held.Open(owner.Host!);
            held.Enter(owner.Host!);
            throw new System.IndexOutOfRangeException();
        };
        machine.ConfigRead(0, 31, 2, 0);
        Assert.Equal(MediatorState.Failed, machine.State(OwnerNumber));
        Assert.Equal(0u, (machine.Inner.Machine->Traps->Mediators + OwnerNumber)->Locks[2]);
        Assert.Equal(0ul, machine.Inner.Data->HeldLocks);
    }

    private static PciBusModel Machine() => new PciBusModel().AddQ35()
        .Add(31, 0, new PciFunctionModel(0x8086, 0x2918, 0x06_0100, isMultiFunction: true))
        .Add(31, 2, new PciFunctionModel(0x8086, 0x2922, 0x01_0601, isMultiFunction: true).IoBar(4, 0x20, 0xC040).MemoryBar(5, 0x1000, (uint)Bar5).Command(7));

    private static PciMachine Ahci(out PciOwner owner) => With(Machine(), PciMatch.Class(0x0106), [4, 5], out owner);

    private static PciMachine Nested(out PciOwner owner, out PciFunctionModel nic)
    {
        nic = new PciFunctionModel(0x8086, 0x1533, 0x02_0000).MemoryBar(0, 0x1000, 0xFEA0_0000).Command(6);
        PciFunctionModel inner = new PciFunctionModel(0x1B36, 0x0001, 0x06_0400).AsBridge(2, 3, (0, nic)).Window(0xFEA0_FEA0).Command(7);
        PciFunctionModel outer = new PciFunctionModel(0x1B36, 0x000C, 0x06_0400).AsBridge(1, 3, (1, inner)).Window(0xFEA0_FEA0).Command(7);
        return With(new PciBusModel().AddQ35().Add(3, 0, outer), PciMatch.Device(0x8086, 0x1533), [0], out owner);
    }

    private static PciMachine With(PciBusModel bus, PciMatch match, int[] bars, out PciOwner owner)
    {
        PciOwner? made = null;
        PciMachine machine = new(bus, null, pci => made = new PciOwner(pci, match) { Bars = bars });
        owner = made!;
        return machine;
    }
}
