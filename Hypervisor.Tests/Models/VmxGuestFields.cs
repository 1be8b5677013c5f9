using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;

namespace Hypervisor.Tests.Models;

/// <summary>A processor with VT-x, and a VMCS that it would enter: controls, a host, a guest in 64-bit mode.</summary>
internal static class VmxGuestFields
{
    internal const uint PinBits = 0x16;
    internal const uint PrimaryBits = 0x0401_E172 & ~0x0001_8000u;
    internal const uint ExitBits = 0x0003_6DFB;
    internal const uint EntryBits = 0x0000_11FB;
    internal const int AddressBits = 39;

    /// <summary>All fields that have a name.</summary>
    internal static IEnumerable<uint> All =>
    [
        .. Enum.GetValues<VmcsField16>().Select(encoding => (uint)encoding),
        .. Enum.GetValues<VmcsField32>().Select(encoding => (uint)encoding),
        .. Enum.GetValues<VmcsField64>().Select(encoding => (uint)encoding),
        .. Enum.GetValues<VmcsFieldNatural>().Select(encoding => (uint)encoding),
    ];

    /// <summary>MSRs and CPUID of a processor with EPT, unrestricted guests and CET.</summary>
    internal static void AddCapabilities(SimulatedProcessor processor)
    {
        processor.Cpuids.Set(0x8000_0008, 0, 0x3000u | AddressBits, 0, 0, 0);
        processor.Cpuids.Set(0x8000_0001, 0, 0, 0, 0, 0x2C10_0800);
        processor.Msrs[Msr.VmxBasic] = 0x00D8_1000_0000_0004;
        processor.Msrs[Msr.VmxTruePinControls] = Limits(PinBits, 0xE9);
        processor.Msrs[Msr.VmxTruePrimaryControls] = Limits(PrimaryBits, 0xFBF9_FE8C);
        processor.Msrs[Msr.VmxSecondaryControls] = Limits(0, 0xFFFF_FFFF);
        processor.Msrs[Msr.VmxTrueExitControls] = Limits(ExitBits, 0x33FF_9204);
        processor.Msrs[Msr.VmxTrueEntryControls] = Limits(EntryBits, 0x0057_E204 | 0xC00);
        processor.Msrs[Msr.VmxMiscellaneous] = 0x2004_01E5;
        processor.Msrs[Msr.VmxCr0Fixed0] = 0x8000_0021;
        processor.Msrs[Msr.VmxCr0Fixed1] = 0xFFFF_FFFF;
        processor.Msrs[Msr.VmxCr4Fixed0] = 0x2000;
        processor.Msrs[Msr.VmxCr4Fixed1] = 0x00F7_7FFF;
        processor.Msrs[Msr.VmxEptVpidCapability] = 0x0F01_0633_4141;
        processor.Msrs[Msr.VmxVmFunctions] = 1;
    }

    /// <summary>Fields that pass every check.</summary>
    internal static void Fill(SimulatedVmcs vmcs)
    {
        foreach (uint field in All)
        {
            vmcs[field] = 0;
        }

        FillControls(vmcs);
        FillHost(vmcs);
        FillGuest(vmcs);
    }

    /// <summary>A segment register of the guest.</summary>
    internal static void SetSegment(SimulatedVmcs vmcs, SegmentName name, ushort selector, ulong baseAddress, uint limit, uint rights)
    {
        vmcs[(uint)Vmcs.Selector(name)] = selector;
        vmcs[(uint)Vmcs.Base(name)] = baseAddress;
        vmcs[(uint)Vmcs.Limit(name)] = limit;
        vmcs[(uint)Vmcs.AccessRights(name)] = rights;
    }

    private static void FillControls(SimulatedVmcs vmcs)
    {
        vmcs[(uint)VmcsField32.PinControls] = PinBits | (uint)(PinControls.NmiExiting | PinControls.VirtualNmis);
        vmcs[(uint)VmcsField32.PrimaryControls] = PrimaryBits
            | (uint)(PrimaryControls.UseMsrBitmaps | PrimaryControls.UseIoBitmaps | PrimaryControls.SecondaryControls);
        vmcs[(uint)VmcsField32.SecondaryControls] =
            (uint)(SecondaryControls.EnableEpt | SecondaryControls.EnableVpid | SecondaryControls.UnrestrictedGuest | SecondaryControls.EnableRdtscp);
        vmcs[(uint)VmcsField32.ExitControls] = ExitBits | (uint)(ExitControls.Host64Bit | ExitControls.LoadEfer | ExitControls.SaveEfer
            | ExitControls.LoadPat | ExitControls.SavePat | ExitControls.SaveDebugControls | ExitControls.LoadCet | ExitControls.LoadProtectionKeys);
        vmcs[(uint)VmcsField32.EntryControls] = EntryBits | (uint)(EntryControls.LoadDebugControls | EntryControls.Ia32eMode | EntryControls.LoadEfer
            | EntryControls.LoadPat | EntryControls.LoadCet | EntryControls.LoadProtectionKeys);
        vmcs[(uint)VmcsField64.IoBitmapA] = 0x7000_1000;
        vmcs[(uint)VmcsField64.IoBitmapB] = 0x7000_2000;
        vmcs[(uint)VmcsField64.MsrBitmap] = 0x7000_3000;
        vmcs[(uint)VmcsField64.EptPointer] = EptPointer.FourLevel(0x7000_4000).Value;
        vmcs[(uint)VmcsField16.Vpid] = 1;
    }

    private static void FillHost(SimulatedVmcs vmcs)
    {
        vmcs[(uint)VmcsFieldNatural.HostCr0] = 0x8001_0033;
        vmcs[(uint)VmcsFieldNatural.HostCr3] = 0x7001_0000;
        vmcs[(uint)VmcsFieldNatural.HostCr4] = 0x2660;
        vmcs[(uint)VmcsField64.HostEfer] = 0xD00;
        vmcs[(uint)VmcsField64.HostPat] = PatMsr.AfterReset;
        vmcs[(uint)VmcsField16.HostCsSelector] = 0x08;
        vmcs[(uint)VmcsField16.HostTrSelector] = 0x18;
        vmcs[(uint)VmcsFieldNatural.HostTrBase] = 0x7002_0000;
        vmcs[(uint)VmcsFieldNatural.HostGdtrBase] = 0x7002_1000;
        vmcs[(uint)VmcsFieldNatural.HostIdtrBase] = 0x7002_2000;
        vmcs[(uint)VmcsFieldNatural.HostRip] = 0x7003_0000;
        vmcs[(uint)VmcsFieldNatural.HostRsp] = 0x7004_0000;
    }

    private static void FillGuest(SimulatedVmcs vmcs)
    {
        vmcs[(uint)VmcsFieldNatural.GuestCr0] = 0x8005_0033;
        vmcs[(uint)VmcsFieldNatural.GuestCr3] = 0x10_0000;
        vmcs[(uint)VmcsFieldNatural.GuestCr4] = 0x2668;
        vmcs[(uint)VmcsField64.GuestEfer] = 0xD01;
        vmcs[(uint)VmcsField64.GuestPat] = PatMsr.AfterReset;
        vmcs[(uint)VmcsFieldNatural.GuestDr7] = 0x400;
        vmcs[(uint)VmcsFieldNatural.GuestRip] = 0xFFFF_8000_0010_0000;
        vmcs[(uint)VmcsFieldNatural.GuestRsp] = 0xFFFF_8000_0020_0000;
        vmcs[(uint)VmcsFieldNatural.GuestRFlags] = 0x202;
        vmcs[(uint)VmcsField64.LinkPointer] = ulong.MaxValue;
        SetSegment(vmcs, SegmentName.Cs, 0x38, 0, 0xFFFF_FFFF, 0xA09B);
        foreach (SegmentName name in (SegmentName[])[SegmentName.Es, SegmentName.Ss, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs])
        {
            SetSegment(vmcs, name, 0x30, 0, 0xFFFF_FFFF, 0xC093);
        }

        SetSegment(vmcs, SegmentName.Ldtr, 0, 0, 0, 0x1_0000);
        SetSegment(vmcs, SegmentName.Tr, 0x40, 0x9000, 0x67, 0x8B);
        vmcs[(uint)VmcsFieldNatural.GuestGdtrBase] = 0x8000;
        vmcs[(uint)VmcsField32.GuestGdtrLimit] = 0x57;
        vmcs[(uint)VmcsFieldNatural.GuestIdtrBase] = 0xA000;
        vmcs[(uint)VmcsField32.GuestIdtrLimit] = 0xFFF;
    }

    private static ulong Limits(uint required, uint optional) => required | ((ulong)(required | optional) << 32);
}
