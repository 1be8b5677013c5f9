using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Svm;

/// <summary>SVM's part of building and starting the host.</summary>
public static unsafe class SvmMachine
{
    private const uint MapPages = SvmPermissionMaps.MsrMapPages + (2 * IoPermissionMap.Pages);

    /// <summary>Pages for permission maps and for the nested tables.</summary>
    /// <param name="physicalAddressBits">Physical address bits of the processor.</param>
    /// <param name="regionSize">Bytes of the host's memory without these pages.</param>
    public static uint Pages(int physicalAddressBits, ulong regionSize)
    {
        uint region = (uint)((regionSize / PageSizes.Size2M) + 3) + 2; // a table for every 2 MiB begun, and for the 1 GiB around it
        return MapPages + 1 + NestedTables.RootEntries(physicalAddressBits) + region;
    }

    /// <summary>Fills the vendor's part of the machine.</summary>
    /// <returns>Why it could not be done; empty when it was.</returns>
    public static ReadOnlySpan<byte> Prepare(MachineData* machine, PageArena* arena)
    {
        SvmCapabilities capabilities = SvmCapabilities.Read();
        machine->NestedRoot = NestedTables.Build(machine, arena); // not the window's: the host sees through claims of memory
        machine->Nested = NestedFormat.Svm;
        machine->HasNextRip = capabilities.HasNextRip;
        machine->HasDecodeAssists = capabilities.HasDecodeAssists;
        machine->EferAllowed = capabilities.EferAllowed;
        machine->Snapshot = &SvmGuest.Snapshot;
        machine->MsrPermissionMap = arena->Allocate(SvmPermissionMaps.MsrMapPages, PageSizes.Size4K);
        machine->IoPermissionMap = arena->Allocate(IoPermissionMap.Pages, PageSizes.Size4K);
        machine->OpenIoPermissionMap = arena->Allocate(IoPermissionMap.Pages, PageSizes.Size4K);
        if (arena->Exhausted)
        {
            return "the memory set aside for the host does not suffice"u8;
        }

        SvmPermissionMaps.WriteMsrMap(machine->MsrPermissionMap);
        IoPermissionMap.WriteHostTraps(machine);
        return default;
    }

    /// <summary>Turns the running processor into a guest; does not return.</summary>
    public static ReadOnlySpan<byte> LaunchProcessor(ProcessorData* processor, ulong rip, ulong rsp)
    {
        processor->Machine->HasRedirectInit = SvmProcessor.ProbeRedirectInit();
        Efer efer = new(Instructions.ReadMsr(Msr.Efer));
        SvmProcessor.Enable(processor);
        processor->Startup.TakenOver = 1;
        SvmProcessor.WriteControls(processor);
        SvmProcessor.CaptureState(processor, efer);
        Instructions.SvmLaunch(processor, (void*)processor->GuestControl, rip, rsp);
        return default;
    }
}
