using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Records;
using Hypervisor.Core.Svm;

namespace Hypervisor.Tests.Models;

/// <summary>
/// A machine with the host in it, built and launched by the real code on memory of the test process. Processor 0 is the guest that launched it; the others are
/// still with the firmware. Guest-physical memory is a separate stretch of memory, so that nothing the "guest" does can touch the host's by accident.
/// </summary>
internal unsafe class SimulatedMachine : IDisposable
{
    internal const ulong GuestMemorySize = 1UL << 33;
    internal const ulong LowPage = 0x8000;
    internal const ulong DriverBase = 0x6000_0000;
    internal const ulong DriverSize = 0x30000;
    internal const ulong GuestRip = 0x123_4560;
    internal const ulong GuestRsp = 0x234_5678;

    private const int TrampolinePart = 0x100;

    private readonly NativeRegion _guest;
    private readonly NativeRegion _region;
    private readonly NativeRegion _own;

    internal SimulatedMachine(MachineOptions? options = null)
    {
        Options = options ?? new MachineOptions();
        _own = new NativeRegion(0x10000);
        Processors = [.. Enumerable.Range(0, Options.Processors).Select(CreateProcessor)];
        Instructions.Processor = Processors[0];
        ulong size = Virtualization.RegionSize(Options.ImageSize, (uint)Options.Processors) + Options.ExtraSize;
        _guest = new NativeRegion(GuestMemorySize);
        _region = new NativeRegion(Options.RegionBase, size);
        RegionSize = size;
        AddressSpace.GuestWindow = _guest.Base;
        SerialPort.Open(0);

        for (int i = 0; i < TrampolinePart; i++)
        {
            ((byte*)_own.Base)[i] = (byte)(i ^ 0x16);
            ((byte*)_own.Base)[TrampolinePart + i] = (byte)(i ^ 0x64);
        }

        foreach (SimulatedProcessor processor in Processors)
        {
            processor.Readable = (Options.RegionBase, Options.RegionBase + size);
        }

        BootParameters* parameters = (BootParameters*)(_own.Base + 0x1000);
        WriteParameters(parameters);
        Problem = Launch(parameters);
        if (Processors[0].Launched is null)
        {
            return;
        }

        ulong blocks = Options.RegionBase + size - ((ulong)Options.Processors * ProcessorBlock.Size);
        Data = (ProcessorData*)(blocks + ProcessorBlock.Data);
        Machine = Data->Machine;
        for (int i = 0; i < Options.Processors; i++)
        {
            Processors[i].Data = this[i];
        }
    }

    internal MachineOptions Options { get; }

    internal SimulatedProcessor[] Processors { get; }

    internal SimulatedProcessor Bootstrap => Processors[0];

    internal ulong RegionSize { get; }

    internal MachineData* Machine { get; }

    /// <summary>Data of processor 0.</summary>
    internal ProcessorData* Data { get; }

    internal Vmcb* Vmcb => (Vmcb*)Data->GuestControl;

    /// <summary>What the launch said when it failed.</summary>
    internal string Problem { get; }

    internal ProcessorData* this[int index] => Machine->Processors[index].Data;

    internal static uint ApicId(int index) => (uint)index * 3;

    internal Vmcb* VmcbOf(int index) => (Vmcb*)this[index]->GuestControl;

    /// <summary>Memory as the guest sees it at a guest-physical address, ignoring nested tables.</summary>
    internal byte* Guest(ulong address) =>
        address < GuestMemorySize ? (byte*)(_guest.Base + address) : throw new ArgumentOutOfRangeException(nameof(address));

    /// <summary>An exit of processor <paramref name="index"/>, handled.</summary>
    internal void Exit(SvmExitCode code, ulong info1 = 0, ulong info2 = 0, int index = 0)
    {
        Vmcb* vmcb = VmcbOf(index);
        vmcb->ExitCode = code;
        vmcb->ExitInfo1 = info1;
        vmcb->ExitInfo2 = info2;
        Instructions.Processor = Processors[index];
        SvmExit.Handle(this[index], vmcb);
    }

    /// <summary>Makes processor <paramref name="index"/> one that the host has taken over and that the guest has started at <paramref name="vector"/>.</summary>
    internal void TakeOver(int index, byte vector = 0x9A)
    {
        this[index]->Startup.Request = 0x300u | vector;
        IProcessor? before = Instructions.Processor;
        Instructions.Processor = Processors[index];
        SvmStartup.Arrive(this[index]);
        Instructions.Processor = before;
    }

    /// <summary>The entry that maps a guest-physical address for a processor.</summary>
    internal PageTableEntry Nested(ulong address, int index = 0)
    {
        PageTableEntry* entry = PageTables.Find(VmcbOf(index)->NestedCr3, address, out _);
        return entry == null ? default : *entry;
    }

    /// <summary>What the log holds, a line each.</summary>
    internal string LogText()
    {
        // The log is the first thing behind the image: the line being written, then the ring.
        const int line = 224;
        return Encoding.ASCII.GetString(new ReadOnlySpan<byte>((void*)(Options.RegionBase + Options.ImageSize + line), MachineBuilder.LogSize - line));
    }

    public void Dispose()
    {
        Instructions.Processor = null;
        AddressSpace.GuestWindow = 0;
        _region.Dispose();
        _guest.Dispose();
        _own.Dispose();
    }

    private SimulatedProcessor CreateProcessor(int index)
    {
        CpuidTable cpuid = Options.Intel?.Table() ?? (Options.IsEpyc ? CpuidTable.Epyc(Options.AddressBits) : CpuidTable.Tcg(Options.AddressBits));
        SimulatedProcessor processor = new(ApicId(index), cpuid, _own.Base, _own.Base + TrampolinePart, bootstrap: index == 0)
        {
            HasRedirectInit = Options.HasRedirectInit,
        };
        processor.Msrs[Msr.ApicBase] = (processor.Msrs[Msr.ApicBase] & 0xFFF) | Options.ApicPage | (Options.X2Apic ? 0x400u : 0);
        if (Options.Intel != null)
        {
            IntelFirmware.Prepare(processor, Options.Intel, _own.Base + 0x4000);
        }

        Options.Configure?.Invoke(processor);
        return processor;
    }

    private static string Launch(BootParameters* parameters)
    {
        try
        {
            return Encoding.UTF8.GetString(Virtualization.Launch(parameters));
        }
        catch (GuestEnteredException)
        {
            return "";
        }
    }

    private void WriteParameters(BootParameters* parameters)
    {
        NativeMemory.Clear(parameters, (nuint)sizeof(BootParameters));
        ImageSection* sections = (ImageSection*)(_own.Base + 0x3000);
        parameters->GuestRip = GuestRip;
        parameters->GuestRsp = GuestRsp;
        parameters->RegionBase = Options.RegionBase;
        parameters->RegionSize = RegionSize;
        parameters->ImageSize = Options.ImageSize;
        parameters->DriverBase = DriverBase;
        parameters->DriverSize = DriverSize;
        parameters->LowPage = Options.Processors > 1 ? LowPage : 0;
        parameters->Sections = sections;
        parameters->SectionCount = 3;
        sections[0] = new ImageSection { Start = Options.RegionBase + 0x1000, End = Options.RegionBase + 0x9000, Executable = true };
        sections[1] = new ImageSection { Start = Options.RegionBase + 0x9000, End = Options.RegionBase + 0xC000 };
        sections[2] = new ImageSection { Start = Options.RegionBase + 0xC000, End = Options.RegionBase + 0xF000, Writable = true };
        parameters->ProcessorCount = (uint)Options.Processors;
        parameters->Options = Options.Host;
        parameters->AcpiRootPointer = Options.AcpiRootPointer;
        parameters->Scratch = Options.Scratch;
        parameters->ScratchSize = Options.ScratchSize;
        if (Options.Records.Length != 0)
        {
            parameters->Records = (byte*)(_own.Base + 0x8000);
            parameters->RecordsSize = (uint)Options.Records.Length;
            Options.Records.CopyTo(new Span<byte>(parameters->Records, BootRecords.MaximumSize));
        }

        parameters->Memory = (MemoryMap*)(_own.Base + 0xC000);
        NativeMemory.Clear(parameters->Memory, (nuint)sizeof(MemoryMap));
        Array.ForEach(Options.Memory, m => parameters->Memory->Add(m.Start, m.End, m.IsReserved));
        parameters->Seed[0] = 0x5E;
        for (int i = 0; i < Options.Processors; i++)
        {
            parameters->ApicIds[i] = ApicId(i);
        }
    }
}
