using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;

namespace Hypervisor.Tests.Models;

/// <summary>Puts a processor of a simulated Intel machine into a mode, and code at its RIP.</summary>
internal static unsafe class IntelGuestCode
{
    private const uint FlatLimit = 0xFFFF_FFFF;
    private const uint RealLimit = 0xFFFF;
    private const uint Code64 = 0xA09B;
    private const uint Code32 = 0xC09B;
    private const uint Code16 = 0x9B;
    private const uint FlatData = 0xC093;
    private const uint RealData = 0x93;
    private const uint PrivilegeThree = 0x60;

    private static readonly SegmentName[] DataSegments = [SegmentName.Es, SegmentName.Ss, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs];

    /// <summary>64-bit mode, CPL 0, empty page tables; nothing traced, nothing blocked.</summary>
    internal static void EnterLongMode(IntelMachine machine, int index = 0)
    {
        SetControlRegisters(machine, index, cr0: 0x8005_0033, cr4: 0x620, efer: 0xD01);
        SetSegments(machine, index, Code64, FlatData, FlatLimit, 0);
        machine.Set(VmcsFieldNatural.GuestCr3, GuestCode.Root, index);
        machine.Set(VmcsFieldNatural.GuestRFlags, 0x202, index);
        machine.Set(VmcsFieldNatural.GuestRip, SimulatedMachine.GuestRip, index);
        machine.Set(VmcsFieldNatural.GuestRsp, SimulatedMachine.GuestRsp, index);
        machine.Set(VmcsField32.GuestInterruptibility, 0, index);
        machine.Set(VmcsField32.GuestActivityState, (uint)VmxActivityState.Active, index);
        machine.Set(VmcsFieldNatural.GuestPendingDebug, 0, index);
        GuestCode.ClearTables(machine);
    }

    /// <summary>32-bit code in long mode.</summary>
    internal static void EnterCompatibilityMode(IntelMachine machine)
    {
        EnterLongMode(machine);
        SetSegments(machine, 0, Code32, FlatData, FlatLimit, 0);
    }

    /// <summary>32-bit protected mode without paging, flat.</summary>
    internal static void EnterProtectedMode(IntelMachine machine)
    {
        EnterLongMode(machine);
        SetControlRegisters(machine, 0, cr0: 0x31, cr4: 0, efer: 0);
        SetSegments(machine, 0, Code32, FlatData, FlatLimit, 0);
    }

    /// <summary>16-bit protected mode without paging.</summary>
    internal static void Enter16BitMode(IntelMachine machine)
    {
        EnterProtectedMode(machine);
        SetSegments(machine, 0, Code16, RealData, RealLimit, 0);
    }

    /// <summary>Real mode with the given code segment.</summary>
    internal static void EnterRealMode(IntelMachine machine, ushort selector)
    {
        EnterProtectedMode(machine);
        SetControlRegisters(machine, 0, cr0: 0x30, cr4: 0, efer: 0);
        SetSegments(machine, 0, Code16, RealData, RealLimit, selector);
    }

    /// <summary>User mode, in 64-bit mode.</summary>
    internal static void EnterUserMode(IntelMachine machine)
    {
        EnterLongMode(machine);
        SetSegments(machine, 0, Code64 | PrivilegeThree, FlatData | PrivilegeThree, FlatLimit, 0);
    }

    /// <summary>64-bit mode with these bytes at RIP, on a page of their own.</summary>
    internal static void Write(IntelMachine machine, ReadOnlySpan<byte> code, int index = 0)
    {
        EnterLongMode(machine, index);
        GuestCode.Place(machine, SimulatedMachine.GuestRip, code);
    }

    private static void SetControlRegisters(IntelMachine machine, int index, ulong cr0, ulong cr4, ulong efer)
    {
        const ulong numericError = 0x20;
        const ulong vmxEnable = 0x2000;
        const ulong longModeActive = 0x400;
        machine.Set(VmcsFieldNatural.GuestCr0, cr0 | numericError, index);
        machine.Set(VmcsFieldNatural.Cr0Shadow, cr0, index);
        machine.Set(VmcsFieldNatural.GuestCr4, cr4 | vmxEnable, index);
        machine.Set(VmcsFieldNatural.Cr4Shadow, cr4, index);
        machine.Set(VmcsField64.GuestEfer, efer, index);
        EntryControls entry = (EntryControls)machine.Get(VmcsField32.EntryControls, index) & ~EntryControls.Ia32eMode;
        machine.Set(VmcsField32.EntryControls, (uint)(entry | ((efer & longModeActive) != 0 ? EntryControls.Ia32eMode : 0)), index);
    }

    private static void SetSegments(IntelMachine machine, int index, uint code, uint data, uint limit, ushort selector)
    {
        const ushort dataSelector = 0x18;
        const uint task = 0x8B;
        SimulatedVmcs vmcs = machine.Processors[index].Vmcs;
        VmxGuestFields.SetSegment(vmcs, SegmentName.Cs, selector, (ulong)selector << 4, limit, code);
        foreach (SegmentName name in DataSegments)
        {
            VmxGuestFields.SetSegment(vmcs, name, dataSelector, 0, limit, data);
        }

        VmxGuestFields.SetSegment(vmcs, SegmentName.Ldtr, 0, 0, 0, VmxAccessRights.Null);
        VmxGuestFields.SetSegment(vmcs, SegmentName.Tr, 0, 0, 0x67, task);
    }
}
