using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Host;
using Hypervisor.Core.Vmx;

namespace Hypervisor.Tests.Models;

/// <summary>
/// A processor in host mode for Core to run on. MSRs that do not exist fault, memory is real, the local APIC is a model, and what has no effect a test could
/// see otherwise is recorded.
/// </summary>
internal sealed unsafe class SimulatedProcessor : IProcessor
{
    internal const ulong ApicPage = 0xFEE0_0000;
    internal const ulong ExceptionEntryBase = 0x7654_3210_F000;
    internal const ulong FaultableBegin = 0x7654_3210_0000;
    internal const ulong FaultableEnd = 0x7654_3210_0400;

    private const ulong RedirectInitBit = 2;
    private const ulong VmxEnableBit = 1ul << 13;
    private const ulong X87State = 1;
    private const int MaximumPauses = 50_000_000;

    private readonly ulong _code16;
    private readonly ulong _code64;

    internal SimulatedProcessor(uint apicId, CpuidTable cpuid, ulong code16 = 0, ulong code64 = 0, bool bootstrap = true)
    {
        Apic = new SimulatedLocalApic(apicId);
        Cpuids = cpuid;
        _code16 = code16;
        _code64 = code64;
        Msrs[Msr.Efer] = 0xD01;
        Msrs[Msr.Pat] = PatMsr.AfterReset;
        Msrs[Msr.ApicBase] = ApicPage | 0x800 | (bootstrap ? 0x100u : 0);
        Msrs[Msr.VmCr] = 0;
        Msrs[Msr.HostSavePhysicalAddress] = 0;
        Msrs[Msr.DebugControl] = 0;
        Msrs[Msr.SysEnterCs] = 0;
        Msrs[Msr.KernelGsBase] = 0;
    }

    internal CpuidTable Cpuids { get; }

    internal SimulatedLocalApic Apic { get; }

    /// <summary>The MSRs that exist.</summary>
    internal Dictionary<uint, ulong> Msrs { get; } = [];

    /// <summary>Every WRMSR the processor took, in order.</summary>
    internal List<(uint Msr, ulong Value)> MsrWrites { get; } = [];

    /// <summary>Whether VM_CR.R_INIT exists.</summary>
    internal bool HasRedirectInit { get; set; }

    /// <summary>Every OUT: port, size in bytes, value.</summary>
    internal List<(ushort Port, int Size, uint Value)> Outputs { get; } = [];

    /// <summary>What IN answers; zero without it.</summary>
    internal Func<ushort, int, uint>? Input { get; set; }

    /// <summary>Where OUT goes, besides being recorded.</summary>
    internal Action<ushort, int, uint>? Output { get; set; }

    /// <summary>Called at every instruction of the seam: where another processor may take its turn.</summary>
    internal Action? Boundary { get; set; }

    /// <summary>Called at PAUSE, with the number of pauses so far.</summary>
    internal Action<int>? Paused { get; set; }

    /// <summary>Called where the host opens the global interrupt flag, after the pending NMI, if any, was taken.</summary>
    internal Action? Window { get; set; }

    /// <summary>An NMI waits for the global interrupt flag.</summary>
    internal bool NmiPending { get; set; }

    /// <summary>The data of the host that runs here: its count goes up when the host takes an NMI.</summary>
    internal ProcessorData* Data { get; set; }

    /// <summary>Memory that a read which may fault finds mapped.</summary>
    internal (ulong Start, ulong End) Readable { get; set; }

    /// <summary>A device in memory: asked before memory itself. It answers with its register, or null where it has none.</summary>
    internal Func<ulong, int, ulong?>? DeviceRead { get; set; }

    /// <summary>A device in memory: whether it has taken a write.</summary>
    internal Func<ulong, int, ulong, bool>? DeviceWrite { get; set; }

    internal ulong Cr0 { get; set; } = 0x8005_0033;

    internal ulong Cr2 { get; set; }

    internal ulong Cr3 { get; set; } = 0x1000;

    internal ulong Cr4 { get; set; } = 0x668;

    internal ulong Cr8 { get; set; }

    internal ulong Dr6 { get; set; } = 0xFFFF_0FF0;

    internal ulong Dr7 { get; set; } = 0x400;

    internal ulong Flags { get; set; } = 2;

    internal Dictionary<SegmentName, ushort> Selectors { get; } = [];

    internal DescriptorTableRegister Gdtr { get; set; }

    internal DescriptorTableRegister Idtr { get; set; }

    internal int WriteBacks { get; private set; }

    internal int DebugAddressClears { get; private set; }

    internal int Halts { get; private set; }

    internal int Pauses { get; private set; }

    internal int Windows { get; private set; }

    internal List<ulong> VmSaves { get; } = [];

    internal List<(uint Register, ulong Value)> XcrWrites { get; } = [];

    /// <summary>RIP and RSP the host launched its guest with; null before.</summary>
    internal (ulong Rip, ulong Rsp)? Launched { get; private set; }

    /// <summary>The VMCS that VMREAD and VMWRITE reach.</summary>
    internal SimulatedVmcs Vmcs { get; } = new();

    internal bool IsVmxOn { get; private set; }

    internal bool RefusesVmxOn { get; set; }

    /// <summary>What VMLAUNCH fails with; None where it succeeds.</summary>
    internal VmxInstructionError LaunchError { get; set; }

    /// <summary>Whether XSETBV faults although the rules allow the value.</summary>
    internal bool RefusesXsetbv { get; set; }

    internal ulong CurrentVmcs { get; private set; }

    internal int NmiUnblocks { get; private set; }

    internal List<(uint Kind, ulong Pointer)> EptInvalidations { get; } = [];

    internal List<(uint Kind, ushort Vpid)> VpidInvalidations { get; } = [];

    private ApicBase ApicBase => new(Msrs[Msr.ApicBase]);

    public void Cpuid(uint leaf, uint subleaf, CpuidResult* result) => *result = Cpuids.Get(leaf, subleaf);

    public uint CpuidForGuest(GuestRegisters* registers)
    {
        uint subleaf = (uint)registers->Rcx;
        CpuidResult result = Cpuids.Get((uint)registers->Rax, subleaf);
        registers->Rax = result.Eax;
        registers->Rbx = result.Ebx;
        registers->Rcx = result.Ecx;
        registers->Rdx = result.Edx;
        return subleaf;
    }

    public ulong ReadMsr(uint msr)
    {
        ulong value;
        return TryReadMsr(msr, &value) != 0 ? value : throw new HostDefectException($"RDMSR {msr:X} faulted in the host");
    }

    public void WriteMsr(uint msr, ulong value)
    {
        if (TryWriteMsr(msr, value) == 0)
        {
            throw new HostDefectException($"WRMSR {msr:X} of {value:X} faulted in the host");
        }
    }

    public uint TryReadMsr(uint msr, ulong* value)
    {
        Boundary?.Invoke();
        if (msr is >= Msr.X2ApicFirst and <= Msr.X2ApicLast)
        {
            if (!ApicBase.IsX2Apic)
            {
                return 0;
            }

            *value = msr == Msr.X2ApicId ? Apic.ApicId : Apic[(msr - Msr.X2ApicFirst) << 4];
            return 1;
        }

        bool exists = Msrs.TryGetValue(msr, out ulong found);
        *value = exists ? found : *value;
        return exists ? 1u : 0;
    }

    public uint TryWriteMsr(uint msr, ulong value)
    {
        Boundary?.Invoke();
        bool taken = msr switch
        {
            Msr.X2ApicInterruptCommand => ApicBase.IsX2Apic,
            >= Msr.X2ApicFirst and <= Msr.X2ApicLast => ApicBase.IsX2Apic && msr != Msr.X2ApicId,
            Msr.ApicBase => IsApicBaseAccepted(value),
            _ => Msrs.ContainsKey(msr),
        };
        if (!taken)
        {
            return 0;
        }

        MsrWrites.Add((msr, value));
        switch (msr)
        {
            case Msr.X2ApicInterruptCommand:
                Apic.WriteCommand(value);
                break;
            case >= Msr.X2ApicFirst and <= Msr.X2ApicLast:
                Apic.Write((msr - Msr.X2ApicFirst) << 4, (uint)value);
                break;
            case Msr.VmCr:
                Msrs[msr] = HasRedirectInit ? value : value & ~RedirectInitBit;
                break;
            default:
                Msrs[msr] = value;
                break;
        }

        return 1;
    }

    private const int FirstKeptVector = 6;
    private const int VectorSize = 32;

    /// <summary>XCR0, for who reads it.</summary>
    internal ulong Xcr0 { get; set; } = 7;

    /// <summary>YMM0 to YMM15, 32 bytes each. The lower halves of the first six are the host's during an exit and not here.</summary>
    internal byte[] Vectors { get; } = new byte[16 * VectorSize];

    public uint TryWriteXcr(uint index, ulong value)
    {
        if (index != 0 || (value & X87State) == 0 || RefusesXsetbv)
        {
            return 0;
        }

        XcrWrites.Add((index, value));
        return 1;
    }

    public ulong ReadXcr0() => Xcr0;

    public void StoreVector(uint number, void* value)
    {
        if (number >= FirstKeptVector)
        {
            Vectors.AsSpan((int)number * VectorSize, VectorSize / 2).CopyTo(new Span<byte>(value, VectorSize / 2));
        }
    }

    public void LoadVector(uint number, void* value)
    {
        if (number >= FirstKeptVector)
        {
            new ReadOnlySpan<byte>(value, VectorSize / 2).CopyTo(Vectors.AsSpan((int)number * VectorSize));
        }
    }

    public void StoreVectorHigh(uint number, void* value) =>
        Vectors.AsSpan(((int)number * VectorSize) + (VectorSize / 2), VectorSize / 2).CopyTo(new Span<byte>(value, VectorSize / 2));

    public void LoadVectorHigh(uint number, void* value) =>
        new ReadOnlySpan<byte>(value, VectorSize / 2).CopyTo(Vectors.AsSpan(((int)number * VectorSize) + (VectorSize / 2)));

    public ulong ReadCr0() => Cr0;

    public ulong ReadCr2() => Cr2;

    public ulong ReadCr3() => Cr3;

    public void WriteCr3(ulong value) => Cr3 = value;

    public ulong ReadCr4() => Cr4;

    public void WriteCr4(ulong value) => Cr4 = value;

    public void WriteCr2(ulong value) => Cr2 = value;

    public ulong ReadCr8() => Cr8;

    public ulong ReadDr6() => Dr6;

    public void WriteDr6(ulong value) => Dr6 = value;

    public ulong ReadDr7() => Dr7;

    public void ClearDebugAddresses() => DebugAddressClears++;

    public ulong ReadRFlags() => Flags;

    public void DisableInterrupts() => Flags &= ~0x200ul;

    public ushort ReadSelector(SegmentName segment) => Selectors.GetValueOrDefault(segment);

    public void StoreGdt(DescriptorTableRegister* destination) => *destination = Gdtr;

    public void StoreIdt(DescriptorTableRegister* destination) => *destination = Idtr;

    public byte In8(ushort port) => (byte)In(port, 1);

    public void Out8(ushort port, byte value) => Out(port, 1, value);

    public ushort In16(ushort port) => (ushort)In(port, 2);

    public void Out16(ushort port, ushort value) => Out(port, 2, value);

    public uint In32(ushort port) => In(port, 4);

    public void Out32(ushort port, uint value) => Out(port, 4, value);

    public ulong ReadTimestamp() => (ulong)Outputs.Count;

    public void Pause()
    {
        Boundary?.Invoke();
        if (++Pauses > MaximumPauses)
        {
            throw new HostDefectException("the host waits for something that does not come");
        }

        Paused?.Invoke(Pauses);
    }

    public void Halt() => Halts++;

    public void WriteBackInvalidate() => WriteBacks++;

    public void Undefined() => throw new HostDefectException("UD2 in the host: " + System.Text.Encoding.UTF8.GetString(FailFast.Reason));

    public void OpenInterruptWindow()
    {
        Boundary?.Invoke();
        Apic.DeliverHighest();
    }

    public void OpenInterruptWindowUnderGif() => OpenInterruptWindow();

    public void OpenGlobalInterruptWindow()
    {
        Boundary?.Invoke();
        Windows++;
        if (NmiPending)
        {
            NmiPending = false;
            if (Data != null)
            {
                Data->NmiCount++;
            }
        }

        Window?.Invoke();
    }

    public void VmSave(ulong vmcbPhysicalAddress) => VmSaves.Add(vmcbPhysicalAddress);

    public uint ReadMmio32(ulong address) => (uint)ReadMmio(address, sizeof(uint));

    public void WriteMmio32(ulong address, uint value) => WriteMmio(address, sizeof(uint), value);

    public byte ReadMmio8(ulong address) => (byte)ReadMmio(address, sizeof(byte));

    public ushort ReadMmio16(ulong address) => (ushort)ReadMmio(address, sizeof(ushort));

    public ulong ReadMmio64(ulong address) => ReadMmio(address, sizeof(ulong));

    public void WriteMmio8(ulong address, byte value) => WriteMmio(address, sizeof(byte), value);

    public void WriteMmio16(ulong address, ushort value) => WriteMmio(address, sizeof(ushort), value);

    public void WriteMmio64(ulong address, ulong value) => WriteMmio(address, sizeof(ulong), value);

    public void XtsEncrypt(void* schedule, byte* data, ulong blocks, byte* tweak) => SimulatedAes.Encrypt((XtsSchedule*)schedule, data, blocks, tweak);

    public void XtsDecrypt(void* schedule, byte* data, ulong blocks, byte* tweak) => SimulatedAes.Decrypt((XtsSchedule*)schedule, data, blocks, tweak);

    /// <summary>What the test itself ends goes on to the test; everything else is a failure of what was called.</summary>
    public uint CallContained(delegate*<void*, void> function, void* argument, ulong* mark)
    {
        ulong before = *mark;
        *mark = 1;
        try
        {
            function(argument);
            return 0;
        }
        catch (Exception failure) when (failure is not (SimulationEndedException or GuestEnteredException))
        {
            return 1;
        }
        finally
        {
            *mark = before;
        }
    }

    public void EndContained(ulong mark) => throw new HostDefectException("a contained call is ended from outside of it");

    public uint TryRead64(ulong address, ulong* value)
    {
        if (address < Readable.Start || address + sizeof(ulong) > Readable.End)
        {
            return 0;
        }

        *value = *(ulong*)address;
        return 1;
    }

    public uint CompareExchange(uint* location, uint value, uint comparand)
    {
        Boundary?.Invoke();
        return Interlocked.CompareExchange(ref *location, value, comparand);
    }

    public uint Exchange(uint* location, uint value)
    {
        Boundary?.Invoke();
        return Interlocked.Exchange(ref *location, value);
    }

    public uint ExchangeAdd(uint* location, uint value)
    {
        Boundary?.Invoke();
        return Interlocked.Add(ref *location, value) - value;
    }

    public void Hypercall(ulong signature, ulong function, uint vmcall) => throw new HostDefectException("hypercall in the host");

    public uint CallResident(ulong launch, void* parameters) => throw new HostDefectException("the host calls the loader's entry");

    public void SvmLaunch(void* processor, void* vmcb, ulong rip, ulong rsp) => Launched = (rip, rsp);

    public void SvmRun(void* processor) => throw new HostDefectException("the guest loop is not simulated");

    public uint TryVmxOn(ulong* region)
    {
        IsVmxOn = (Cr4 & VmxEnableBit) != 0 && !RefusesVmxOn;
        return IsVmxOn ? 1u : 0;
    }

    public void VmxOff() => IsVmxOn = false;

    public uint VmClear(ulong* vmcs) => IsVmxOn ? 1u : 0;

    public uint VmPtrLoad(ulong* vmcs)
    {
        CurrentVmcs = *vmcs;
        return IsVmxOn ? 1u : 0;
    }

    public ulong VmRead(uint field) =>
        Vmcs.TryRead(field, out ulong value) ? value : throw new HostDefectException($"VMREAD of field {field:X} failed");

    public uint TryVmRead(uint field, ulong* value)
    {
        bool exists = Vmcs.TryRead(field, out ulong found);
        *value = exists ? found : *value;
        return exists ? 1u : 0;
    }

    public void VmWrite(uint field, ulong value)
    {
        if (!Vmcs.TryWrite(field, value))
        {
            throw new HostDefectException($"VMWRITE of field {field:X} failed");
        }
    }

    public void InvalidateEpt(uint kind, ulong pointer) => EptInvalidations.Add((kind, pointer));

    public void InvalidateVpid(uint kind, ushort vpid) => VpidInvalidations.Add((kind, vpid));

    public void VmxLaunch()
    {
        if (LaunchError != VmxInstructionError.None)
        {
            Vmcs[(uint)VmcsField32.InstructionError] = (uint)LaunchError;
            return;
        }

        Launched = (Vmcs[(uint)VmcsFieldNatural.GuestRip], Vmcs[(uint)VmcsFieldNatural.GuestRsp]);
        throw new GuestEnteredException();
    }

    public void UnblockNmis() => NmiUnblocks++;

    public ulong VmxExitPoint() => 0x7654_3212_0000;

    public void VmxRun(void* processor) => throw new HostDefectException("the guest loop is not simulated");

    public ulong ExceptionEntries() => ExceptionEntryBase;

    public void FaultableRange(ulong* begin, ulong* end)
    {
        *begin = FaultableBegin;
        *end = FaultableEnd;
    }

    public void TrampolineCode(ulong* code16, ulong* code64, ulong* entry)
    {
        *code16 = _code16;
        *code64 = _code64;
        *entry = 0x7654_3211_0000;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong ReadMmio(ulong address, int size)
    {
        Boundary?.Invoke();
        if (IsApicAddress(address))
        {
            return Apic.Read((uint)(address & 0xFFF));
        }

        return DeviceRead?.Invoke(address, size) ?? size switch
        {
            sizeof(byte) => Volatile.Read(ref *(byte*)address),
            sizeof(ushort) => Volatile.Read(ref *(ushort*)address),
            sizeof(uint) => Volatile.Read(ref *(uint*)address),
            _ => Volatile.Read(ref *(ulong*)address),
        };
    }

    private void WriteMmio(ulong address, int size, ulong value)
    {
        Boundary?.Invoke();
        if (IsApicAddress(address))
        {
            Apic.Write((uint)(address & 0xFFF), (uint)value);
            return;
        }

        if (DeviceWrite?.Invoke(address, size, value) == true)
        {
            return;
        }

        switch (size)
        {
            case sizeof(byte):
                Volatile.Write(ref *(byte*)address, (byte)value);
                break;
            case sizeof(ushort):
                Volatile.Write(ref *(ushort*)address, (ushort)value);
                break;
            case sizeof(uint):
                Volatile.Write(ref *(uint*)address, (uint)value);
                break;
            default:
                Volatile.Write(ref *(ulong*)address, value);
                break;
        }
    }

    private bool IsApicAddress(ulong address) => ApicBase.IsXApic && (address & ~0xFFFul) == ApicBase.PageAddress;

    /// <summary>AMD APM vol 2 §16.3.1, §16.9: address bits that do not exist, and forbidden changes of mode, are #GP.</summary>
    private bool IsApicBaseAccepted(ulong value)
    {
        int bits = (byte)Cpuids.Get(0x8000_0008, 0).Eax;
        ApicBase from = ApicBase;
        ApicBase to = new(value);
        bool reserved = (value >> bits) != 0 || (value & 0x2FF) != 0;
        bool transition = (to.X2ApicEnable && !to.GlobalEnable)
            || (to.IsX2Apic && !from.GlobalEnable)
            || (from.IsX2Apic && to.IsXApic);
        return !reserved && !transition;
    }

    private uint In(ushort port, int size)
    {
        Boundary?.Invoke();
        return Input?.Invoke(port, size) ?? 0;
    }

    private void Out(ushort port, int size, uint value)
    {
        Boundary?.Invoke();
        Outputs.Add((port, size, value));
        Output?.Invoke(port, size, value);
    }
}
