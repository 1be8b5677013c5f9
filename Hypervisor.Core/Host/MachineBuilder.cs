using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Records;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Host;

/// <summary>Lays out the host's memory behind the image and builds everything that does not belong to one vendor.</summary>
public static unsafe class MachineBuilder
{
    /// <summary>Bytes of the log.</summary>
    public const int LogSize = 0x10000;

    private const uint LogPages = LogSize / (uint)PageSizes.Size4K;
    private const uint FixedPages = 64;
    private const uint RecordPages = BootRecords.MaximumSize / (uint)PageSizes.Size4K;
    private const ulong HostCr0 = 0x8001_0033; // PG, WP, NE, ET, MP, PE
    private const ulong HostCr4 = 0x0000_0660; // OSXMMEXCPT, OSFXSR, MCE, PAE
    private const ulong OsXSave = 1UL << 18;
    private const uint XSaveBit = 1u << 26;

    /// <summary>Bytes the host needs behind the image, without the blocks of its processors.</summary>
    /// <param name="imageSize">Bytes of the image.</param>
    /// <param name="physicalAddressBits">Physical address bits of the processor.</param>
    /// <param name="vendorPages">Pages the vendor's part needs.</param>
    /// <param name="processors">Number of processors.</param>
    public static ulong SharedSize(ulong imageSize, int physicalAddressBits, uint vendorPages, uint processors)
    {
        ulong pages = FixedPages + LogPages + RecordPages + vendorPages + NestedTables.RootEntries(physicalAddressBits)
            + TrapTables.Pages + SplitTables.Pages + (processors * GuestDoors.TablePages);
        ulong rough = imageSize + (pages * PageSizes.Size4K) + MediatorSelection.OwnMemory;

        // The region's own pages are mapped one by one, in host and nested tables: a table of each for every 2 MiB begun.
        ulong tables = 2 * ((rough / PageSizes.Size2M) + 2) * PageSizes.Size4K;
        return PageSizes.RoundUp(rough + tables, ProcessorBlock.Size);
    }

    /// <summary>Builds the host.</summary>
    /// <param name="parameters">From the loader.</param>
    /// <param name="physicalAddressBits">Physical address bits of the processor.</param>
    /// <param name="vendorCr4">What the vendor's extension needs in the host's CR4.</param>
    /// <param name="arena">What is left for the vendor's part.</param>
    /// <returns>The machine, or null when memory did not suffice.</returns>
    public static MachineData* Build(BootParameters* parameters, int physicalAddressBits, Cr4 vendorCr4, PageArena* arena)
    {
        ulong blocks = parameters->RegionBase + parameters->RegionSize - ((ulong)parameters->ProcessorCount * ProcessorBlock.Size);
        *arena = new PageArena(parameters->RegionBase + parameters->ImageSize, blocks);
        ulong log = arena->Allocate(LogPages, PageSizes.Size4K);
        MachineData* machine = (MachineData*)arena->Allocate();
        ulong processors = arena->Allocate(); // 256 entries of 16 bytes
        if (arena->Exhausted)
        {
            return null;
        }

        Log.Open((byte*)log, LogSize);
        machine->RegionBase = parameters->RegionBase;
        machine->RegionSize = parameters->RegionSize;
        machine->ImageBase = parameters->RegionBase;
        machine->ImageSize = parameters->ImageSize;
        machine->DriverBase = parameters->DriverBase;
        machine->DriverSize = parameters->DriverSize;
        machine->Symbols = parameters->Symbols;
        machine->SymbolsSize = parameters->SymbolsSize;
        machine->ProcessorCount = parameters->ProcessorCount;
        machine->Processors = (ProcessorEntry*)processors;
        machine->LowPage = parameters->LowPage;
        machine->Window = GuestWindow.Current;
        machine->PhysicalAddressBits = physicalAddressBits;
        machine->SerialPort = parameters->Options.SerialPort;
        machine->KeepApicTrap = parameters->Options.KeepApicTrap;
        machine->StatusHypercall = parameters->Options.Status;
        machine->DeliberateFault = (uint)parameters->Options.Fault;
        machine->Key = parameters->Options.Key;
        machine->PasswordAsked = parameters->PasswordAsked;
        machine->BootId = *(ulong*)parameters->Seed;
        machine->LaunchTime = Instructions.ReadTimestamp();
        machine->Records = CopyRecords(parameters, arena);
        machine->ApicTrapWanted = parameters->ProcessorCount > 1 ? 1u : 0;
        ulong begin;
        ulong end;
        Instructions.FaultableRange(&begin, &end);
        machine->FaultableBegin = begin;
        machine->FaultableEnd = end;
        machine->AcpiRootPointer = parameters->AcpiRootPointer;
        machine->Memory = CopyMemoryMap(parameters, arena);
        machine->Scratch = parameters->Scratch;
        machine->ScratchSize = parameters->ScratchSize;
        machine->Traps = TrapTables.Build(arena);
        machine->ZeroPage = arena->Allocate();
        machine->ScratchPage = arena->Allocate();
        machine->Idt = arena->Allocate();
        machine->TrampolineImage = arena->Allocate();
        machine->TrampolineBackup = arena->Allocate();
        machine->WindowRoot = NestedTables.Build(machine, arena);
        machine->HostCr3 = machine->WindowRoot == 0 ? 0 : HostPageTables.Build(machine, arena);
        machine->SplitTables = SplitTables.Build(arena);
        ulong doors = arena->Allocate(machine->ProcessorCount * GuestDoors.TablePages, PageSizes.Size4K);
        if (arena->Exhausted || machine->HostCr3 == 0)
        {
            return null;
        }

        HostDescriptorTables.WriteInterruptTable(machine->Idt, Instructions.ExceptionEntries());
        for (uint i = 0; i < parameters->ProcessorCount; i++)
        {
            BuildProcessor(machine, i, parameters->ApicIds[i], vendorCr4, blocks + (i * (ulong)ProcessorBlock.Size));
            machine->Processors[i].Data->DoorTables = doors + (i * GuestDoors.TablePages * PageSizes.Size4K);
            machine->Processors[i].Data->HypercallNumber = FirstNumber(parameters->Seed, i);
        }

        WriteTrampoline(machine);
        return Protect(machine, parameters, blocks, arena) ? machine : null;
    }

    private static void BuildProcessor(MachineData* machine, uint index, uint apicId, Cr4 vendorCr4, ulong block)
    {
        ulong* words = (ulong*)block;
        for (int i = 0; i < ProcessorBlock.Size / sizeof(ulong); i++)
        {
            words[i] = 0;
        }

        ProcessorData* processor = (ProcessorData*)(block + ProcessorBlock.Data);
        machine->Processors[index] = new ProcessorEntry { ApicId = apicId, Data = processor };
        processor->Machine = machine;
        processor->ApicId = apicId;
        processor->Index = index;
        processor->GuestControl = block + ProcessorBlock.GuestControl;
        processor->HostControl = block + ProcessorBlock.HostControl;
        processor->HostCr3 = machine->HostCr3;
        processor->HostCr0 = HostCr0;
        CpuidResult features;
        Instructions.Cpuid(1, 0, &features);
        processor->HostCr4 = vendorCr4.Value | HostCr4 | ((features.Ecx & XSaveBit) != 0 ? OsXSave : 0);
        HostDescriptorTables.Initialize(processor, machine->Idt);
    }

    /// <summary>A copy that nobody but the host can change: the table itself stays in memory of the guest.</summary>
    private static BootRecords CopyRecords(BootParameters* parameters, PageArena* arena)
    {
        ulong copy = parameters->RecordsSize == 0 ? 0 : arena->Allocate(RecordPages, PageSizes.Size4K);
        if (copy == 0)
        {
            return default;
        }

        ReadOnlySpan<byte> table = new(parameters->Records, (int)parameters->RecordsSize);
        table.CopyTo(new Span<byte>((void*)copy, BootRecords.MaximumSize));
        return new BootRecords((byte*)copy, parameters->RecordsSize);
    }

    /// <summary>A copy that the guest cannot change.</summary>
    private static MemoryMap* CopyMemoryMap(BootParameters* parameters, PageArena* arena)
    {
        MemoryMap* map = (MemoryMap*)arena->Allocate();
        if (map != null && parameters->Memory != null)
        {
            *map = *parameters->Memory;
        }

        return map;
    }

    /// <summary>Where the numbers of a processor's hypercalls begin: nowhere they have been before, in this boot or another.</summary>
    private static ulong FirstNumber(byte* seed, uint processor)
    {
        Span<byte> hash = stackalloc byte[Sha256.HashSize];
        Sha256 sha = default;
        sha.Start();
        sha.Append(new ReadOnlySpan<byte>(seed, Sha256.HashSize));
        sha.Append(new ReadOnlySpan<byte>(&processor, sizeof(uint)));
        sha.Finish(hash);
        return LittleEndian.Read64(hash, 0);
    }

    private static bool Protect(MachineData* machine, BootParameters* parameters, ulong blocks, PageArena* arena)
    {
        bool fine = true;
        for (uint i = 0; i < parameters->SectionCount; i++)
        {
            ImageSection section = parameters->Sections[i];
            if (section.Executable || !section.Writable)
            {
                fine &= HostPageTables.ProtectSection(machine->HostCr3, section.Start, section.End, section.Executable, arena);
            }
        }

        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            fine &= HostPageTables.GuardStacks(machine->HostCr3, blocks + (i * (ulong)ProcessorBlock.Size), arena);
        }

        return fine;
    }

    /// <summary>Prepares the page that is copied below 1 MiB when an application processor starts.</summary>
    private static void WriteTrampoline(MachineData* machine)
    {
        const ulong codeDescriptor = 0x00AF_9B00_0000_FFFF;
        const ulong dataDescriptor = 0x00CF_9300_0000_FFFF;
        const int longPart = 0x100;
        byte* page = (byte*)machine->TrampolineImage;
        ulong code16;
        ulong code64;
        ulong entry;
        Instructions.TrampolineCode(&code16, &code64, &entry);
        for (int i = 0; i < longPart; i++)
        {
            page[i] = ((byte*)code16)[i];
            page[longPart + i] = ((byte*)code64)[i];
        }

        *(ushort*)(page + TrampolineLayout.Gdtr) = (3 * sizeof(ulong)) - 1;
        *(uint*)(page + TrampolineLayout.Gdtr + sizeof(ushort)) = (uint)machine->LowPage + TrampolineLayout.Gdt;
        ulong* gdt = (ulong*)(page + TrampolineLayout.Gdt);
        gdt[HostSelectors.Code / sizeof(ulong)] = codeDescriptor;
        gdt[HostSelectors.Data / sizeof(ulong)] = dataDescriptor;
        *(uint*)(page + TrampolineLayout.Cr3) = (uint)machine->HostCr3;
        *(uint*)(page + TrampolineLayout.FarPointer) = (uint)machine->LowPage + longPart;
        *(ushort*)(page + TrampolineLayout.FarPointer + sizeof(uint)) = HostSelectors.Code;
        *(ulong*)(page + TrampolineLayout.Table) = (ulong)machine->Processors;
        *(uint*)(page + TrampolineLayout.Count) = machine->ProcessorCount;
        *(ulong*)(page + TrampolineLayout.Entry) = entry;
    }
}
